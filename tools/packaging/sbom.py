#!/usr/bin/env python3
"""What is in the packages, as SPDX 2.3 and CycloneDX 1.6: every library with version, licence and sha256, and every
model's weights. In dist, and in the trees that are packed."""

from __future__ import annotations

import json
import os
import re
import uuid
from datetime import UTC, datetime
from pathlib import Path

from common import DIST, EPOCH, STAGE, VERSION

TIME = datetime.fromtimestamp(EPOCH, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
# The same for the same contents.
SERIAL = uuid.uuid5(uuid.NAMESPACE_URL, f"https://sluice.example/{VERSION}/{EPOCH}")
PURPOSES = {"application": "APPLICATION", "library": "LIBRARY", "machine-learning-model": "FILE"}


def spdx_package(part: dict) -> dict:
    package = {
        "SPDXID": "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", part["path"]),
        "name": part["name"],
        "versionInfo": part["version"],
        "packageFileName": part["path"],
        "supplier": f"Organization: {part['supplier']}",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "checksums": [{"algorithm": "SHA256", "checksumValue": part["sha256"]}],
        "licenseConcluded": part["licence"],
        "licenseDeclared": part["licence"],
        "copyrightText": "NOASSERTION",
        "primaryPackagePurpose": PURPOSES[part["kind"]],
    }
    if part["kind"] == "machine-learning-model":
        also = f"; also as {', '.join(part['also'])}" if part["also"] else ""
        package["comment"] = f"weights of a model; licence: {part['note']}{also}"
    if part["purl"]:
        package["externalRefs"] = [
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": part["purl"]}
        ]
    return package


def spdx(parts: list[dict]) -> dict:
    packages = [spdx_package(part) for part in parts]
    root, *others = (package["SPDXID"] for package in packages)
    describes = {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": root}
    contains = [
        {"spdxElementId": root, "relationshipType": "DEPENDS_ON", "relatedSpdxElement": other} for other in others
    ]
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"sluice-{VERSION}",
        "documentNamespace": f"https://sluice.example/spdx/{SERIAL}",
        "creationInfo": {"created": TIME, "creators": ["Tool: sluice-make-package"]},
        "packages": packages,
        "hasExtractedLicensingInfos": [
            {"licenseId": part["licence"], "name": part["licence"], "extractedText": part["note"]}
            for part in parts
            if part["licence"].startswith("LicenseRef-")
        ],
        "relationships": [describes, *contains],
    }


def licence_of(part: dict) -> list[dict]:
    """CycloneDX wants an id of SPDX's list, an expression, or any name."""
    if part["licence"].startswith("LicenseRef-"):
        return [{"license": {"name": part["note"]}}]
    if " " in part["licence"]:
        return [{"expression": part["licence"]}]
    return [{"license": {"id": part["licence"]}}]


def component(part: dict) -> dict:
    made = {
        "type": part["kind"],
        "bom-ref": part["path"],
        "name": part["name"],
        "version": part["version"],
        "supplier": {"name": part["supplier"]},
        "hashes": [{"alg": "SHA-256", "content": part["sha256"]}],
        "licenses": licence_of(part),
        "properties": [{"name": "path", "value": path} for path in (part["path"], *part["also"])],
    }
    return made | ({"purl": part["purl"]} if part["purl"] else {})


def cyclonedx(parts: list[dict]) -> dict:
    root, *others = [component(part) for part in parts]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{SERIAL}",
        "version": 1,
        "metadata": {"timestamp": TIME, "component": root},
        "components": others,
        "dependencies": [{"ref": root["bom-ref"], "dependsOn": [other["bom-ref"] for other in others]}],
    }


def write(document: dict, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1, sort_keys=False) + "\n")
    path.chmod(0o644)
    os.utime(path, (EPOCH, EPOCH))


def main() -> None:
    parts = json.loads((STAGE / "parts.json").read_text())
    for folder in (DIST, STAGE / "base/share/doc/sluice"):
        stem = f"sluice-{VERSION}" if folder == DIST else "sluice"
        write(spdx(parts), folder / f"{stem}.spdx.json")
        write(cyclonedx(parts), folder / f"{stem}.cdx.json")


if __name__ == "__main__":
    main()
