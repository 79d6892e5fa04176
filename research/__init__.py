"""Studies, benchmarks, rival generators, and the scripts that make diffecg's models and figures."""
