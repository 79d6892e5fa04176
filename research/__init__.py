"""Studies, rival generators and the scripts that made figures and models; not part of the wheel."""
