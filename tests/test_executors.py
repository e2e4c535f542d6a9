"""Draws on other people's workers: processes, and a cluster of which one worker is killed half-way."""

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
from concurrent.futures import Executor, Future, ProcessPoolExecutor

import pytest

import admissions as adm
from tests.test_odds import are_equal, frames_of

pytestmark = pytest.mark.compiled

DRAWS = 100


@pytest.fixture(scope="module")
def town():
    return adm.generate_district("cluster", size=200), adm.read_policy("district_2016")


@pytest.fixture(scope="module")
def alone(town):
    return frames_of(adm.simulate(*town, draws=DRAWS, seed="x", workers=1))


def test_processes_draw_what_one_thread_draws(town, alone):
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as executor:
        assert are_equal(alone, frames_of(adm.simulate(*town, draws=DRAWS, seed="x", executor=executor)))


def test_processes_compare_scenarios_as_one_thread_does(town):
    scenarios = [("today", *town), ("by zone", town[0], town[1].replace({"rounds.primary.lists": ["zone"]}))]
    here = adm.compare_scenarios(scenarios, draws=60, seed="x", workers=1)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as executor:
        there = adm.compare_scenarios(scenarios, draws=60, seed="x", executor=executor)
    assert all(getattr(here, name).equals(getattr(there, name)) for name in ("groups", "children", "targets"))


class Bare(Executor):
    """An executor whose worker is a Python without any package."""

    def submit(self, function, /, *arguments, **named):
        script = (
            "import pickle, sys\n"
            "try:\n function, arguments, named = pickle.load(sys.stdin.buffer); made = (function(*arguments, **named), None)\n"
            "except Exception as error: made = (None, error)\n"
            "sys.stdout.buffer.write(pickle.dumps(made))"
        )
        ended = subprocess.run(
            [sys.executable, "-I", "-S", "-c", script],
            input=pickle.dumps((function, arguments, named)),
            capture_output=True,
            check=True,
        )
        made, error = pickle.loads(ended.stdout)
        future = Future()
        future.set_result(made) if error is None else future.set_exception(error)
        return future


def test_workers_without_the_package_are_told_of_at_once(town):
    with pytest.raises(adm.RunError, match="have no package 'admissions': install admissions"):
        adm.simulate(*town, draws=DRAWS, seed="x", executor=Bare())


class Lossy(Executor):
    """An executor that runs everything here, and loses the results it is told to lose."""

    def __init__(self, lost):
        self.count, self.lost = 0, lost

    def submit(self, function, /, *arguments, **named):
        self.count += 1
        future = Future()
        if self.lost(self.count):
            future.set_exception(ConnectionError("the worker is gone"))
        else:
            future.set_result(function(*arguments, **named))
        return future


def test_a_block_that_is_lost_is_done_again(town, alone):
    executor = Lossy(lambda count: count % 3 == 0)
    assert are_equal(alone, frames_of(adm.simulate(*town, draws=DRAWS, seed="x", executor=executor)))


def test_blocks_that_are_lost_again_and_again_end_the_simulation(town):
    with pytest.raises(adm.RunError, match="draws 1 to 25 were lost 4 times: ConnectionError"):
        adm.simulate(*town, draws=DRAWS, seed="x", executor=Lossy(lambda count: count > 1))


def test_a_killed_pool_is_told_of_and_not_waited_for(town):
    def kill(done, total):
        for process in list(executor._processes.values()):
            os.kill(process.pid, signal.SIGKILL)

    with (
        ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as executor,
        pytest.raises(adm.RunError, match="lost its workers"),
    ):
        adm.simulate(*town, draws=DRAWS, seed="x", executor=executor, tell=kill)


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_one_of_whose_workers_is_killed_half_way_draws_the_same(town, alone):
    distributed = pytest.importorskip("distributed")
    killed = []

    def kill_one(done, total):
        if done >= DRAWS // 2 and not killed:
            worker = next(iter(cluster.workers.values()))
            killed.append(worker.process.pid)
            os.kill(worker.process.pid, signal.SIGKILL)

    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        odds = adm.simulate(*town, draws=DRAWS, seed="x", executor=client.get_executor(), tell=kill_one)
    assert killed
    assert are_equal(alone, frames_of(odds))
