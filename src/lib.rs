//! evotop: htop for hyperparameter evolution.
