"""Generators of other designs, for comparison with diffecg's."""
