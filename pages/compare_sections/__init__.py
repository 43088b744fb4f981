"""The sections of the Compare screen."""
