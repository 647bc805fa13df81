#!/bin/sh
# The first boot of a proxy: from nothing to serving, claiming its address, and hearing nudges there. cloud-init runs it once, and
# shows on the console what it says. It needs no Lambda and no SSM agent. Each step is tried until it succeeds: an instance that
# never gets there claims nothing, and Auto Scaling's hook ends it after 15 minutes.
set -eu
umask 077
: "${SLUICE_HOME:=/var/lib/sluice}"
set -a
# shellcheck disable=SC1091 # lies beside this file
. "$SLUICE_HOME/environment"
set +a
imds=${AWS_EC2_METADATA_SERVICE_ENDPOINT:-http://169.254.169.254}
ssm=${AWS_ENDPOINT_URL:-https://ssm.$AWS_REGION.$AWS_DOMAIN}

main() {
  step 'install the packages' packages
  step 'fetch the sync' fetch
  step 'pull what is published' pull
  rm -f "$SLUICE_HOME/first.sh"
  step 'start HAProxy' start
  say 'HAProxy runs with what is published'
  step 'claim the address' node "$SLUICE_HOME/sync.cjs" claim
  reconnect
}

say() {
  echo "sluice: $*"
}

step() {
  what=$1
  shift
  seconds=1
  until "$@"; do
    say "could not $what; next try in $seconds s"
    sleep "$seconds"
    [ "$seconds" -ge 30 ] || seconds=$((seconds * 2))
  done
}

packages() {
  export DEBIAN_FRONTEND=noninteractive
  apt-get -qq update &&
    apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends haproxy nodejs curl openssl
}

# Out of the document that Run Command uses: so there is one text of the sync, and an edit of it replaces no instance.
fetch() {
  answer=$(credentials | curl -sS -K - --max-time 20 --fail-with-body --aws-sigv4 "aws:amz:$AWS_REGION:ssm" \
    -H 'content-type: application/x-amz-json-1.1' -H 'x-amz-target: AmazonSSM.GetDocument' \
    -d "{\"Name\":\"$SLUICE_DOCUMENT\",\"DocumentFormat\":\"JSON\"}" "$ssm/") || {
    say "AWS answered: $(printf %.300s "$answer")"
    adopt
    return
  }
  printf %s "$answer" | node -e '
    const { Content } = JSON.parse(require("fs").readFileSync(0, "utf8"));
    const [step] = JSON.parse(Content).mainSteps;
    console.log(step.inputs.runCommand.join("\n").replace(/\{\{ *Generation *\}\}/, "0"));
  ' >"$SLUICE_HOME/first.sh"
}

# A deploy has replaced the document since this instance was launched. The next tick brings the sync of the new one, by Run Command.
adopt() {
  case $answer in *InvalidDocument*) ;; *) return 1 ;; esac
  [ -f "$SLUICE_HOME/sync.cjs" ] || return 1
  say 'takes the sync that Run Command brought'
  echo "exec flock -w 40 '$SLUICE_HOME/lock' node '$SLUICE_HOME/sync.cjs' 0" >"$SLUICE_HOME/first.sh"
}

# Of the role, as lines for curl's -K: on a command line every process could read them.
credentials() {
  token=$(curl -sSf --max-time 5 -X PUT -H 'x-aws-ec2-metadata-token-ttl-seconds: 60' "$imds/latest/api/token") &&
    role=$(metadata iam/security-credentials/) &&
    found=$(metadata "iam/security-credentials/$role") &&
    printf 'user = "%s:%s"\nheader = "x-amz-security-token: %s"\n' \
      "$(field AccessKeyId)" "$(field SecretAccessKey)" "$(field Token)"
}

metadata() {
  curl -sSf --max-time 5 -H "x-aws-ec2-metadata-token: $token" "$imds/latest/meta-data/$1"
}

field() {
  printf %s "$found" | sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p"
}

# 2 says that all is applied but a certificate. That must not keep the rest from being served: the third time it is enough.
incomplete=0
pull() {
  code=0
  sh "$SLUICE_HOME/first.sh" || code=$?
  [ "$code" -ne 2 ] || incomplete=$((incomplete + 1))
  [ "$code" -eq 0 ] || [ "$incomplete" -ge 3 ]
}

# From here on a sync that finds no HAProxy fails.
start() {
  : >"$SLUICE_HOME/started"
  systemctl daemon-reload && systemctl enable haproxy.service sluice-pull.service && systemctl start haproxy.service
}

# The claim takes away the address that the agent is connected by. It would hear no nudge until it notices: it pings every 54 s
# and waits 60 s for an answer (amazon-ssm-agent: agent/session/config). What came between pull and claim is pulled as well.
reconnect() {
  systemctl try-restart snap.amazon-ssm-agent.amazon-ssm-agent.service ||
    systemctl try-restart amazon-ssm-agent.service ||
    say 'found no SSM agent to restart; without one the alarm "push" comes after 20 minutes'
  systemctl start sluice-pull.service || say 'could not pull once more; the next tick does, see "journalctl -u sluice-pull"'
}

main
