"""Reads JUnit files as CI servers do: `junit.py JENKINS.xsd OURS.xsd FILE…`. Silent if all is well.

They have to be valid by both schemas, and what `junitparser` counts has to be what they claim.
"""

import sys

import junitparser
from lxml import etree


def main():
    jenkins, ours, *files = sys.argv[1:]
    schemas = [etree.XMLSchema(etree.parse(path)) for path in (jenkins, ours)]
    for path in files:
        document = etree.parse(path)
        for schema in schemas:
            if not schema.validate(document):
                sys.exit(f"{path}: {schema.error_log}")
        counted(path)


def counted(path):
    suites = list(junitparser.JUnitXml.fromfile(path))
    whole = junitparser.JUnitXml.fromfile(path)
    for suite in suites:
        claimed = (suite.tests, suite.failures, suite.errors, suite.skipped)
        suite.update_statistics()
        found = (suite.tests, suite.failures, suite.errors, suite.skipped)
        if claimed != found:
            sys.exit(f"{path}: {suite.name} claims {claimed} and has {found}")
    claimed = (whole.tests, whole.failures, whole.errors)
    found = tuple(sum(getattr(suite, of) for suite in suites) for of in ("tests", "failures", "errors"))
    if claimed != found:
        sys.exit(f"{path} claims {claimed} and has {found}")


main()
