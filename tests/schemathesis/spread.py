"""Runs schemathesis once for each role, a device and a program, each with an equal share of the requests, and prints how many
passed and failed. Fails too if somebody was hardly let in: then the share proved little."""

import json
import math
import os
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import roles

CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
]
# Never ends, so no answer of it can be checked whole.
ENDLESS = "/api/v1/live"
METHODS = {"get", "put", "post", "delete", "patch"}


def main(url: str, folder: Path, requests: int) -> int:
    document = wait_for(f"{url}/api/v1/openapi.json")
    doors = sum(len(METHODS & set(item)) for path, item in document["paths"].items() if path != ENDLESS)
    token, first_code = ((folder / name).read_text().split()[0] for name in ("token", "code"))
    askers, device = roles.everybody(url, token, first_code)
    examples = math.ceil(requests / len(askers) / doors)
    passed = failed = good = 0

    def ask(number: int) -> tuple[str, dict, dict, int]:
        # What lies at the edges of the document is the same for all: the first one tries it.
        phases = "coverage,fuzzing" if number == 0 else "fuzzing"
        answers, report = folder / f"{number}.answers.json", folder / f"{number}.json"
        environment = {"COUNTY": url, "TOKEN": token, "DEVICE": device, "ANSWERS": str(answers)}
        said, report = run(url, askers[number].headers, phases, examples, number + 1, report, environment)
        alive, _, _ = roles.send(url, "GET", f"/api/v1{askers[number].alive}", askers[number].headers)
        return said, report, json.loads(answers.read_text()), alive

    # Two at a time, each a process with one thread: threads that compile at once confuse Python 3.11. The last one alone.
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(ask, range(len(askers) - 1)))
    reports.append(ask(len(askers) - 1))
    for asker, (said, report, counted, alive) in zip(askers, reports):
        print(said)
        bad = report["test_cases"]["with_failures"]
        passed += report["test_cases"]["generated"] - bad
        failed += bad + sum(error["count"] for error in report["errors"]) + (not report["complete"])
        statuses = {int(status): count for status, count in counted.items()}
        good += sum(count for status, count in statuses.items() if status // 100 == 2)
        failed += not was_let_in(asker, statuses, alive)
    if passed + failed < requests or good < requests // 20:
        print(f"schemathesis: only {passed + failed} requests were sent, {good} of them answered 2xx", file=sys.stderr)
        failed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def was_let_in(asker: roles.Asker, statuses: dict, now: int) -> bool:
    """Whether the credential is still good, never was not, and opened a fair share of the doors."""
    sent = sum(statuses.values())
    share = 1 - sum(statuses.get(status, 0) for status in (401, 404)) / max(sent, 1)
    let_in = now == 200 and share >= asker.share and statuses.get(401, 0) == 0
    print(f"-- {asker.role}: {sent} sent, {share:.0%} let in, {dict(sorted(statuses.items()))}", flush=True)
    if not let_in:
        print(f"schemathesis: {asker.role} was hardly let in; {asker.alive} answers {now}", file=sys.stderr)
    return let_in


def run(url: str, headers: dict, phases: str, examples: int, seed: int, report: Path, environment: dict) -> tuple[str, dict]:
    command = [
        str(Path(sys.executable).parent / "st"), "run", f"{url}/api/v1/openapi.json",
        *(part for name, value in headers.items() for part in ("--header", f"{name}: {value}")),
        "--checks", ",".join(CHECKS), "--exclude-path", ENDLESS, "--generation-with-security-parameters", "false",
        "--phases", phases, "--max-examples", str(examples), "--seed", str(seed), "--workers", "1",
        "--continue-on-failure", "--suppress-health-check", "all", "--warnings", "off", "--no-shrink",
        "--report", "json", "--report-json-path", str(report),
    ]  # fmt: skip
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "hooks", **environment}
    done = subprocess.run(command, env=environment, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if not report.exists():
        sys.exit(done.stdout)
    return done.stdout, json.loads(report.read_text())


def wait_for(address: str) -> dict:
    for _ in range(200):
        try:
            with urllib.request.urlopen(address) as answer:
                return json.load(answer)
        except OSError:
            time.sleep(0.1)
    sys.exit("schemathesis: the server did not become ready")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
