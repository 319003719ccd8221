"""The recipe of the comments model: data, training, measurement, card."""
