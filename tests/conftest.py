"""What several tests share: the released model, loaded once."""

import pytest

from models.classifier import StanceClassifier


@pytest.fixture(scope="session")
def classifier() -> StanceClassifier:
    return StanceClassifier.load()
