"""Incidents with a known cause, simulated or from public sets, for measuring the ranking of suspects."""
