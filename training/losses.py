"""Losses that know the order of the axis.

Targets are soft: a distribution over labels for each gold label, so that a near miss costs less
than a far one. Knows axis values and tensors; nothing of text.
"""

import torch

from models.axis import Axis


def target_matrix(axis: Axis, smoothing: float, *, ordinal: bool) -> torch.Tensor:
    """Soft targets, shape (labels, labels), row = gold label; rows sum to 1.

    The gold label keeps 1 - smoothing. With `ordinal`, the rest falls off with the distance on
    the axis as exp(-distance) (unimodal smoothing in the manner of Diaz and Marathe 2019, Soft
    Labels for Ordinal Regression); the label off the axis shares with the midpoint of the axis
    first. Without it the rest is spread evenly.
    """
    values = [*axis.values]
    middle = (values[0] + values[-1]) / 2
    count = len(axis.names)
    # Off the axis there is no distance: it stands one step further from the middle than any label.
    rows = []
    for gold in range(count):
        weights = torch.zeros(count)
        for other in range(count):
            if other == gold:
                continue
            if not ordinal:
                weights[other] = 1.0
            elif other == count - 1:
                weights[other] = torch.exp(torch.tensor(-(abs(values[gold] - middle) + 1.0)))
            elif gold == count - 1:
                weights[other] = torch.exp(torch.tensor(-(abs(values[other] - middle) + 1.0)))
            else:
                weights[other] = torch.exp(torch.tensor(-abs(values[gold] - values[other])))
        row = smoothing * weights / weights.sum()
        row[gold] = 1.0 - smoothing
        rows.append(row)
    return torch.stack(rows)


def soft_cross_entropy(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Cross-entropy against distributions, each (rows, labels); one value a row."""
    return -(targets * torch.log_softmax(logits, dim=-1)).sum(dim=-1)


def squared_emd(logits: torch.Tensor, targets: torch.Tensor, on_axis: int) -> torch.Tensor:
    """Squared earth mover's distance over the on-axis labels (Hou et al. 2016), one value a row.

    Rows whose target is off the axis cost nothing here.
    """
    predicted = torch.softmax(logits[:, :on_axis], dim=-1)
    mass = targets[:, :on_axis].sum(dim=-1, keepdim=True)
    wanted = targets[:, :on_axis] / mass.clamp_min(1e-6)
    distance = (predicted.cumsum(dim=-1) - wanted.cumsum(dim=-1)).square().sum(dim=-1)
    return distance * mass.squeeze(-1)
