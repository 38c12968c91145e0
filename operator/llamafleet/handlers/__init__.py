"""The shell around the reconciler: kopf owns the process, these handlers only pass keys on."""
