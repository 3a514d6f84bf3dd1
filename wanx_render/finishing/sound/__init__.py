"""The finished sound of a film in parts, encoded as clips land, and joined by their packets."""
