"""Time: when a schedule is open, and what a month of it costs. Calendars only; nothing of GPUs or pods."""
