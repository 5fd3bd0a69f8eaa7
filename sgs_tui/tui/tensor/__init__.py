"""Inside a tensor: scatter, feature maps, and the heat of the whole network."""
