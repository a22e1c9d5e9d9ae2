"""Models: estimators are frozen hyper-parameters, fitted models are immutable."""
