"""Runs schemathesis once for each role, with an equal share of the requests, and prints how many passed and failed."""

import json
import math
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

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
    roles = [line.split("\t") for line in (folder / "roles").read_text().splitlines()]
    examples = math.ceil(requests / len(roles) / doors)
    passed = failed = good = 0
    for number, (role, authorization) in enumerate(roles):
        print(f"-- {role}: {doors} doors, {examples} requests each", flush=True)
        # What lies at the edges of the document is the same for all: the first role tries it.
        phases = "coverage,fuzzing" if number == 0 else "fuzzing"
        answers = folder / f"{number}.answers.json"
        report = run(url, authorization, phases, examples, number + 1, folder / f"{number}.json", answers)
        bad = report["test_cases"]["with_failures"]
        passed += report["test_cases"]["generated"] - bad
        failed += bad + sum(error["count"] for error in report["errors"]) + (not report["complete"])
        classes = json.loads(answers.read_text())
        good += classes.get("2xx", 0)
        print(f"-- {role}: {classes}", flush=True)
    if passed + failed < requests or good < requests // 20:
        print(f"schemathesis: only {passed + failed} requests were sent, {good} of them answered 2xx", file=sys.stderr)
        failed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def run(url: str, authorization: str, phases: str, examples: int, seed: int, report: Path, answers: Path) -> dict:
    command = [
        str(Path(sys.executable).parent / "st"), "run", f"{url}/api/v1/openapi.json",
        "--header", f"Authorization: {authorization}", "--checks", ",".join(CHECKS), "--exclude-path", ENDLESS,
        "--phases", phases, "--max-examples", str(examples), "--seed", str(seed), "--workers", "2",
        "--continue-on-failure", "--suppress-health-check", "all", "--warnings", "off", "--no-shrink",
        "--report", "json", "--report-json-path", str(report),
    ]  # fmt: skip
    environment = {"SCHEMATHESIS_HOOKS": "hooks", "COUNTY": url, "AUTHORIZATION": authorization, "ANSWERS": str(answers)}
    subprocess.run(command, env={**os.environ, **environment}, check=False)
    return json.loads(report.read_text())


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
