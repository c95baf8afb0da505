"""An urgent-action document read into a draft campaign; nothing is published or sent from here."""
