"""What to do on a host where the sandbox cannot be built: bubblewrap's own words only name a symptom."""

from __future__ import annotations

CONTAINER_OPTIONS = (
    "with --privileged (or --cap-add SYS_ADMIN --security-opt seccomp=unconfined --security-opt apparmor=unconfined "
    "--security-opt systempaths=unconfined)"
)
ELSE_A_VM = "A rented container that allows neither cannot judge: rent a virtual machine."


def why_not_built(said: str) -> str:
    """What to do on a host where bubblewrap ended with these words."""
    if "disable-userns" in said or "Unknown option" in said:
        advice = "This bubblewrap is too old: 0.8 or newer is needed (Debian 12, Ubuntu 24.04)."
    elif "mount proc" in said:
        advice = (
            "A container covers parts of its /proc, and then only root with CAP_SYS_ADMIN can make a whole one. "
            f"Docker: run it {CONTAINER_OPTIONS}, the judge as root. Kubernetes: a privileged pod. {ELSE_A_VM}"
        )
    elif "ENOSPC" in said or "No space left" in said:
        advice = (
            "The host allows no (more) user namespaces here: sysctl -w user.max_user_namespaces=10000, and start the "
            f"judge outside of any other sandbox. {ELSE_A_VM}"
        )
    elif any(word in said for word in ("amespace", "uid map", "not permitted", "Permission denied")):
        advice = (
            "The host refuses user namespaces. Ubuntu 24.04: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, "
            "or an AppArmor profile for bwrap; older Debian: sysctl -w kernel.unprivileged_userns_clone=1; Docker: run "
            f"it {CONTAINER_OPTIONS}. {ELSE_A_VM}"
        )
    else:
        advice = "runner/doctor and docs/hosts.md say what a host must allow."
    return f"bubblewrap could not build the sandbox on this host: {said[:500]!r}. {advice}"
