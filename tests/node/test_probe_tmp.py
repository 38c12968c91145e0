import pytest, time, json
from node.fleets import *
from node.conftest import *
from node.load import load_on
from node.stories import fleet_of_its_own
pytestmark=[pytest.mark.cluster, pytest.mark.node]
def test_probe(control_plane, operator):
    with fleet_of_its_own(control_plane) as fleet:
        a=fleet.start(image=SIMULATED, scaling={"minReplicas": 1,"maxReplicas": 2,"queueDepth": 4,"scaleDownDelay": "30s","idleTimeout":"30s"})
        with load_on(a, 40, clients=16) as load:
            t=time.monotonic(); last=None
            while time.monotonic()<t+75:
                s=fleet.llama.status(); now=(json.dumps(s["reasons"]), json.dumps(s.get("queue")))
                if now!=last: print(round(time.monotonic()-t,1), fleet.wanted(), *now); last=now
                time.sleep(1)
            print(json.dumps(s.get("scaling")))
        print(operator.log.read_text()[-800:])
