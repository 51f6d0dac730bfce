"""The cloud on one machine: the emulator, the template on it, the exchange, the ingester, the schedules."""
