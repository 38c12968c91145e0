"""Attempts by schedules, scaling and money: bombs of time, and numbers that are none."""

from typing import Final

from security.attempts import Attempt, llama, window

START: Final = "start of a window of spec.schedule.windows must be five cron fields"
ZONE: Final = "spec.schedule.timeZone"
WINDOW: Final = {"start": "0 1 * * *", "duration": "1h"}

STARTS: Final = {
    "a start each second": "* * * * * *",
    "a start that is a command": "0 1 * * *;reboot",
    "a start with a line break": "0 1 * * *\n0 2 * * *",
    "a start with a NUL": "0 1 * * \x00",
    "a start at once": "@reboot",
    "a start with a question": "0 0 ? * L",
    "no start": "",
}
ZONES: Final = {
    "a zone that is a path": "../../etc/passwd",
    "a zone from the root": "/etc/localtime",
    "a zone of many steps": "a/b/c/d/e",
    "a zone that clears the screen": "Europe/\x1b[2J",
    "a zone with a line break": "UTC\nhost",
    "a zone without end": "A" * 100,
    "a zone of a shell": "TZ=UTC;reboot",
}
DECIMALS: Final = {
    "a huge exponent": "1e999",
    "no number": "NaN",
    "no end": "Infinity",
    "less than nothing": "-1",
    "a sign": "+1",
    "hexadecimal": "0x10",
    "digits of other writing": "\u0661\u0662",
    "digits without end": "9" * 4000,
    "a million decimals": "0." + "1" * 20,
    "a comma": "1,000",
    "a space": " 1",
    "a line break": "1\n",
}

REFUSED_TIMES: Final = {
    **{what: Attempt(window(start=start), START) for what, start in STARTS.items()},
    **{
        what: Attempt(llama(schedule={"timeZone": zone, "windows": [{"name": "w", **WINDOW}]}), ZONE)
        for what, zone in ZONES.items()
    },
    **{
        f"{what} for money": Attempt(llama(cost={"monthlyBudget": text}), "spec.cost.monthlyBudget")
        for what, text in DECIMALS.items()
    },
    "a budget of nothing": Attempt(llama(cost={"monthlyBudget": "0"}), "spec.cost.monthlyBudget"),
    "a float for money": Attempt(llama(cost={"hourlyLimit": 1.5}), "spec.cost.hourlyLimit"),
    "a command for a price to compare with": Attempt(
        llama(cost={"compareWith": "$(reboot)"}), "spec.cost.compareWith"
    ),
    "a start without end": Attempt(window(start="0," * 5000 + "0 * * * *"), "spec.schedule.windows[0].start"),
    "a duration that is a bomb": Attempt(
        window(duration="999999d" * 4000), "spec.schedule.windows[0].duration"
    ),
    "a duration of ISO": Attempt(window(duration="P9999Y"), "spec.schedule.windows[0].duration"),
    "windows without number": Attempt(
        llama(schedule={"windows": [{"name": f"w{n}", **WINDOW} for n in range(5000)]}),
        "spec.schedule.windows",
    ),
    "exceptions without number": Attempt(
        llama(schedule={"exceptions": [{"date": "2027-01-01", "state": "Open"}] * 20000}),
        "spec.schedule.exceptions",
    ),
    "an exception on no day": Attempt(
        llama(schedule={"exceptions": [{"date": "2027-02-31x", "state": "Open"}]}),
        "spec.schedule.exceptions[0].date",
    ),
    "a window that climbs": Attempt(window(name="../x"), "spec.schedule.windows[0].name"),
    "a time to drain without end": Attempt(
        llama(schedule={"windows": [{"name": "w", **WINDOW}], "drainTimeout": "999999d"}), "drainTimeout"
    ),
    "replicas without number": Attempt(llama(replicas=10**9), "spec.replicas"),
    "replicas below nothing": Attempt(llama(replicas=-1), "spec.replicas"),
    "half a replica": Attempt(llama(replicas=1.5), "spec.replicas"),
    "a ceiling without number": Attempt(llama(scaling={"maxReplicas": 2**62}), "spec.scaling.maxReplicas"),
    "a queue of nothing": Attempt(llama(scaling={"queueDepth": 0}), "spec.scaling.queueDepth"),
}

TAKEN_TIMES: Final = {
    "a start that never comes": Attempt(window(start="0 0 31 2 *"), None),
    "a start once in four years": Attempt(window(start="0 0 29 2 1"), None),
    "a start every minute": Attempt(window(start="* * * * *"), None),
    "a start of all minutes, written out": Attempt(
        window(start=",".join(map(str, range(40))) + " 1 * * *"), None
    ),
    "a start of no sense": Attempt(window(start="99-0/0 99 99 99 99"), None),
    "a window as long as it may be": Attempt(window(duration="999999d"), None),
    "a zone that is not there": Attempt(
        llama(schedule={"timeZone": "Mars/Olympus", "windows": [{"name": "w", **WINDOW}]}), None
    ),
    "a zone that is a folder": Attempt(
        llama(schedule={"timeZone": "Europe", "windows": [{"name": "w", **WINDOW}]}), None
    ),
    "a zone that is a file of another kind": Attempt(
        llama(schedule={"timeZone": "zone1970", "windows": [{"name": "w", **WINDOW}]}), None
    ),
    "exceptions as many as there may be": Attempt(
        llama(
            schedule={
                "exceptions": [
                    {
                        "from": f"2027-01-01T00:00:{n % 60:02}Z",
                        "to": "2027-12-31T00:00:00Z",
                        "state": "Closed",
                    }
                    for n in range(100)
                ]
            }
        ),
        None,
    ),
    "all the money": Attempt(llama(cost={"monthlyBudget": "999999999.999999"}), None),
    "a thousand replicas": Attempt(llama(replicas=1000), None),
    "a thousand at once": Attempt(llama(scaling={"minReplicas": 1000, "maxReplicas": 1000}), None),
}
