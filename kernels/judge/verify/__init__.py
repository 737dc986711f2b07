"""`verify`: whether a result record holds together, and whether its kernel gives the same again."""
