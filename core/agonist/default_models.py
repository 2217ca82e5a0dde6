"""The shipped models that are taken where nobody names one. Imports nothing, so that the command line starts at once."""

__all__ = ["DEFAULT_DECODER", "DEFAULT_LIVE", "DEFAULT_MODEL"]

# Has an encoder and an editor.
DEFAULT_MODEL = "agonist"
# Has a decoder, of three dimensions.
DEFAULT_DECODER = "agonist-decoder"
# Has an encoder no frame of whose answer hangs on a later one.
DEFAULT_LIVE = "agonist-causal"
