"""INT16 marks and the advice for them."""
