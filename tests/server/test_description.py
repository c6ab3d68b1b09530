"""Every call that the OpenAPI description allows, and many that it does not: no server error, no undescribed reply."""

import subprocess
import sys
from pathlib import Path


def test_schemathesis_finds_no_server_error(start, bundle):
    server = start("--model", f"lite0={bundle}")
    schemathesis = Path(sys.executable).with_name("schemathesis")
    checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
    done = subprocess.run(
        [
            *(schemathesis, "run", f"{server.url}/openapi.json", "--checks", checks),
            *("--max-examples", "25", "--seed", "1", "--phases", "examples,fuzzing", "--workers", "2"),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    assert server.stop() == 0
    assert 'status="500"' not in "".join(server.log)
