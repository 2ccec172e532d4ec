using GovChain.Consensus;
using GovChain.Node.Alarms;
using GovChain.Node.Consensus;
using GovChain.Node.Gateway;

namespace GovChain.Node;

/// <content>What metrics and alarms look at.</content>
internal sealed partial class NodeRuntime
{
    private WatchedNode WatchedBy(NodeRuntimeOptions options) => new()
    {
        DataDirectory = _directory.Root,
        Validators = _validators,
        IsObserver = _index < 0,
        Connections = () => _network.Connections,
        Complaint = department => _progress.Of(_sources.NumberOf(department)).Complaint,
        Abstention = department => department == _self
            ? _driver.Standing.Abstention
            : _progress.Of(_validators.IndexOf(department)).Abstention,
        Height = () => _ledger.Tip.Height,
        Lag = () => _sync.Lag,
        Protocol = () => (_ledger.Protocol, _ledger.NewestVersion),
        Ready = () => _pool.ReadyCount,
        Suspended = () => [.. _status.Suspended.Select(static s => (s.Department, NodeStatus.Explain(s)))],
        PoolFill = () => Math.Max((double)_pool.Count / options.Pool.CountMax, (double)_pool.Bytes / options.Pool.BytesMax),
        Journal = () => _metrics.JournalPace,
        CertificateEnds = options.CertificateEnds,
    };

    private void Observe(NodeRuntimeOptions options)
    {
        _metrics.Observe("govchain.height", "{block}", "Height of the newest block.", () => _ledger.Tip.Height);
        _metrics.Observe("govchain.header.age", "s", "Time since the newest block's header.",
            () => Math.Max(0, _time.NowMs() - (double)_ledger.Tip.TimestampMs) / 1_000);
        _metrics.Observe("govchain.view", "{view}", "View of the height in progress.", () => _driver.Standing.View);
        _metrics.Observe("govchain.leader", "{department}", "1 for the department that leads the height in progress, 0 for the others.", "department",
            () => _validators.Members.Select((v, i) => (v.Department, i == _driver.Standing.Leader ? 1.0 : 0)));
        _metrics.Observe("govchain.leader.suspended", "{department}", "1 for a department that may not lead for now, 0 for the others.", "department",
            () => _validators.Members.Select(v => (v.Department, _status.Suspended.Any(s => s.Department == v.Department) ? 1.0 : 0)));
        _metrics.Observe("govchain.voting", "{node}", "1 if this node votes.", () => _driver.Standing.IsVoting ? 1 : 0);
        _metrics.Observe("govchain.voting.again", "{block}", "Height at which this node votes again; 0 if it votes, or does not know it yet.",
            () => _driver.Standing.Abstention.VotesAgainAt);
        _metrics.Observe("govchain.evidence", "{piece}", "Pieces of evidence held against a department.", "department",
            () => _validators.Members.Select(v => (v.Department, (double)_evidence.Held.Count(e => e.Signer == v.Key))));
        _metrics.Observe("govchain.peers.voting", "{node}", "1 for a department that says it votes; 0 for one that abstains, has no vote, or was not heard yet.", "peer",
            () => OfPeers(static p => p.SaysItVotes ? 1 : 0));
        _metrics.Observe("govchain.pool.transactions", "{transaction}", "Transactions in the pool.", () => _pool.Count);
        _metrics.Observe("govchain.pool.transactions.max", "{transaction}", "Transactions the pool may hold.", () => options.Pool.CountMax);
        _metrics.Observe("govchain.pool.size", "By", "Bytes of the envelopes in the pool.", () => _pool.Bytes);
        _metrics.Observe("govchain.admission.pending", "{transaction}", "Envelopes not yet verified.", () => _admission.PendingCount);
        _metrics.Observe("govchain.submissions.waiting", "{transaction}", "Transactions that a client of this node waits for.", () => _tickets.WaitingCount);
        _metrics.Observe("govchain.reads.entries", "{entry}", "Entries of this node's read log; 0 where it has none that can be gone on with.",
            () => _reads.End?.Count ?? 0);
        _metrics.Observe("govchain.reads.uncovered", "{entry}", "Entries of the read log that no root on the ledger covers, as last looked at.",
            () => _readRoots.Uncovered);
        _metrics.Observe("govchain.protocol.version", "{version}", "Protocol version of the next block.", () => _ledger.Protocol.Version);
        _metrics.Observe("govchain.protocol.scheduled", "{version}", "Protocol version that is scheduled; 0 while none is.",
            () => _ledger.Protocol.Scheduled?.Version ?? 0);
        _metrics.Observe("govchain.protocol.executed", "{version}", "Newest protocol version that this node executes.", () => _ledger.NewestVersion);
        _metrics.Observe("govchain.selfaudit.rounds", "{round}", "Rounds of the self-audit since the start.", () => SelfAudits);
        _metrics.Observe("govchain.selfaudit.read", "By", "Bytes that the self-audit has read since the start.", () => _selfAudit?.BytesRead ?? 0);
        _metrics.Observe("govchain.sync.lag", "{block}", "Blocks behind the others.", () => _sync.Lag);
        _metrics.Observe("govchain.ledger.missing", "{block}", "Blocks below a snapshot that are still to be filled in.",
            () => _gap() is { } gap ? gap.Base.Height - gap.FilledTo : 0);
        _metrics.Observe("govchain.snapshot.rows", "{row}", "State values of a snapshot that is being fetched; 0 while none is.",
            () => _snapshots.Progress?.Rows ?? 0);
        _metrics.Observe("govchain.peers.height", "{block}", "Height of a department's newest block, by what it says.", "peer",
            () => OfPeers(static p => p.Height));
        _metrics.Observe("govchain.peers.view", "{view}", "View that a department is in, by what it says.", "peer", () => OfPeers(static p => p.View));
        _metrics.Observe("govchain.peers.voted", "{block}", "Height of the last vote, proposal or view change that came from a department itself; 0 before one came.", "peer",
            () => OfPeers(static p => p.LastVote?.Height ?? 0));
        _metrics.Observe("govchain.peers.lag", "{block}", "Blocks that a department is behind the highest one known.", "peer",
            () => OfPeers(p => Math.Max(_ledger.Tip.Height, _progress.HighestTip) - (double)p.Height));
        _metrics.Observe("govchain.peers.silence", "s", "Time since a department's last frame; since the start where none came.", "peer", PeerSilence);
        _metrics.Observe("govchain.alarms.active", "{alarm}", "Alarms raised now, by code.", "code",
            () => AlarmDefinition.All.Select(d => (d.Name, (double)_alarms.CountOf(d.Code))));
        _metrics.Observe("govchain.certificate.remaining", "d", "Days until the certificate that clients see ends.",
            () => options.CertificateEnds() is { } ends ? (ends - _time.GetUtcNow()).TotalDays : double.NaN);
        _metrics.Observe("govchain.process.handles", "{handle}", "Files and sockets that the process has open.", static () =>
        {
            using var self = System.Diagnostics.Process.GetCurrentProcess();
            return self.HandleCount;
        });
    }

    private IEnumerable<(string, double)> OfPeers(Func<PeerStanding, double> value) =>
        _network.Connections.Select(c => (c.Department, value(_progress.Of(_validators.IndexOf(c.Department)))));

    private IEnumerable<(string, double)> PeerSilence()
    {
        ulong now = _time.NowMs();
        return _network.Connections.Select(c => (c.Department, Math.Max(0, now - (double)Math.Max(c.LastSeenMs, _startedMs)) / 1_000));
    }
}
