"""The exception tree. Every error that a user can cause is one of these, never a traceback.

    DetenteError
    ├── InputError       what was handed in cannot be used (file, record, article, setting)
    │   ├── AxisError    an axis definition is malformed, or labels do not belong to it
    │   └── GoldError    a gold file cannot be evaluated
    ├── BundleError      a model bundle is missing, changed or foreign
    ├── CorpusError      a training corpus is invalid or overlaps evaluation data
    ├── TrainingError    training cannot start or go on
    └── GateError        a candidate was refused, or cannot be promoted

A message is one line: what is wrong, where, and how to put it right. The command line turns any
of them into exit code 2; the service turns `InputError` into a 4xx.
"""


class DetenteError(Exception):
    """Base of all errors that carry a message for the user."""


class InputError(DetenteError):
    """What was handed in cannot be used."""


class AxisError(InputError):
    """An axis definition is malformed, or a label does not belong to the axis."""


class GoldError(InputError):
    """A gold file cannot be evaluated."""


class BundleError(DetenteError):
    """A model bundle is missing, changed or made for another axis."""


class CorpusError(DetenteError):
    """A training corpus is invalid, or overlaps evaluation data."""


class TrainingError(DetenteError):
    """Training cannot start or go on."""


class GateError(DetenteError):
    """A candidate bundle was refused, or cannot be promoted."""
