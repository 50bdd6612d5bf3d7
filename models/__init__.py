"""The model side of Détente: axis, statements, article reading, encoder, bundle, classifier.

This package imports nothing from `eval`, `training`, `serve` or `detente`: it is the bottom
of the import order (models <- eval <- training, models <- serve).
"""
