"""Stage `training`: the networks, their losses and the training loop."""
