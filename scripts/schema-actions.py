"""Prints what CloudFormation calls in the deploying user's name, by type of resource and handler, as AWS's schemas say.

The schemas are those that cfn-lint carries; the types are those of the templates that are named. CloudFormation lists nothing in a
deploy, so the handler `list` is left out. test/resources/deploy-policy.test.ts holds docs/deploy-policy.json against this.
"""
import json
import sys
from pathlib import Path

import cfnlint

schemas = Path(cfnlint.__file__).parent / "data" / "schemas"
files = json.loads((schemas / "providers" / "eu-west-2.json").read_text())


def actions(kind):
    schema = json.loads((schemas / "resources" / f"{files[kind]}.json").read_text())
    tagging = schema.get("tagging", {})
    called = {name: handler.get("permissions", []) for name, handler in schema["handlers"].items() if name != "list"}
    if tagging.get("taggable"):
        called["tagging"] = tagging.get("permissions", [])
    return {name: " ".join(sorted(set(called[name]))) for name in sorted(called) if called[name]}


templates = [json.loads(Path(name).read_text()) for name in sys.argv[1:]]
kinds = {resource["Type"] for template in templates for resource in template["Resources"].values()}
print(json.dumps({kind: actions(kind) for kind in sorted(kinds) if not kind.startswith("Custom::")}, indent=2))
