using System.Globalization;
using GovChain.Consensus;
using GovChain.Core.Model;
using GovChain.Node.Configuration;
using GovChain.Node.Peers;
using GovChain.Protos.V1;

namespace GovChain.Node.Alarms;

/// <summary>What the watch looks at; every member answers at once.</summary>
internal sealed record WatchedNode
{
    /// <summary>The data directory.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Of this many departments a quorum is needed.</summary>
    public required ValidatorSet Validators { get; init; }

    /// <summary>This node has no vote.</summary>
    public bool IsObserver { get; init; }

    /// <summary>The connections to the others.</summary>
    public required Func<IReadOnlyList<PeerConnection>> Connections { get; init; }

    /// <summary>Whether a department votes, this one included, and if not, why and until when.</summary>
    public required Func<string, Abstention> Abstention { get; init; }

    /// <summary>What a department did last that no honest node does; empty if nothing.</summary>
    public required Func<string, string> Complaint { get; init; }

    /// <summary>The newest block.</summary>
    public required Func<ulong> Height { get; init; }

    /// <summary>Blocks behind the others.</summary>
    public required Func<ulong> Lag { get; init; }

    /// <summary>The protocol version that holds and the one that is scheduled, and the newest that this node executes.</summary>
    public required Func<(ProtocolState Ledger, uint Newest)> Protocol { get; init; }

    /// <summary>Transactions that could commit now.</summary>
    public required Func<int> Ready { get; init; }

    /// <summary>Who may not lead the next height, and why in a sentence.</summary>
    public required Func<IReadOnlyList<(string Department, string Because)>> Suspended { get; init; }

    /// <summary>How full the pool is, 0 to 1.</summary>
    public required Func<double> PoolFill { get; init; }

    /// <summary>How fast votes became durable, of late.</summary>
    public required Func<JournalPace> Journal { get; init; }

    /// <summary>When the clients' certificate ends; null where there is none.</summary>
    public required Func<DateTimeOffset?> CertificateEnds { get; init; }
}

/// <summary>Looks at the node once a second and raises and clears the alarms that are conditions.</summary>
internal sealed class AlarmWatch(AlarmBoard board, AlarmThresholds thresholds, WatchedNode node, TimeProvider time)
{
    private const double PoolFillMax = 0.9;

    // A block takes a moment to come, and streams a moment to come up again.
    private static readonly TimeSpan LagPatience = TimeSpan.FromSeconds(5), QuorumPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan DiskPeriod = TimeSpan.FromSeconds(10);

    private readonly Dictionary<(NodeAlarm Code, string Subject), long> _since = [];
    private readonly Dictionary<string, string> _complaints = [];
    private long _diskLooked;
    private ulong _stalledAt;

    /// <summary>Free bytes on the data directory's disk, as last looked at.</summary>
    public long DiskFreeBytes { get; private set; } = FreeOf(node.DataDirectory);

    /// <summary>Looks once.</summary>
    public void Look()
    {
        board.Sweep();
        LookAtPeers();
        LookAtLeaders();
        ulong lag = node.Lag();
        Lasting(NodeAlarm.Lagging, lag > CatchUp.LagMax, LagPatience, "", () => $"{lag} blocks are missing; this node is fetching them.");
        ulong height = node.Height();
        bool stalled = height == _stalledAt && node.Ready() > 0;
        _stalledAt = height;
        Lasting(NodeAlarm.Stalled, stalled, thresholds.StalledMax, "",
            () => $"{node.Ready()} transactions could be recorded, but block {height} has stayed the newest for {Seconds(thresholds.StalledMax)}.");
        double fill = node.PoolFill();
        board.Set(NodeAlarm.PoolFull, fill >= PoolFillMax, "", () => string.Create(
            CultureInfo.InvariantCulture, $"The pool is filled to {fill:P0}. Beyond 100 % submissions are refused with POOL_FULL."));
        JournalPace journal = node.Journal();
        // An idle node has no newer times that would make the mean good again.
        board.Set(NodeAlarm.JournalSlow, journal.Mean > thresholds.JournalSyncMax && journal.Slowest > thresholds.JournalSyncMax, "", () => string.Create(
            CultureInfo.InvariantCulture, $"Votes take {journal.Mean.TotalMilliseconds:F0} ms to reach the disk; {thresholds.JournalSyncMax.TotalMilliseconds:F0} ms are allowed."));
        LookAtVersion();
        LookAtCertificate();
        LookAtDisk();
    }

    private void LookAtVersion()
    {
        (ProtocolState ledger, uint newest) = node.Protocol();
        ScheduledVersion? next = ledger.Scheduled;
        board.Set(NodeAlarm.ReleaseTooOld, next?.Version > newest, "", () =>
            $"From {UtcTime.Format(next!.FromMs)} on the ledger is of protocol version {next.Version}, and this release executes versions up to {newest}: "
            + $"then this node stops. Install a release that executes version {next.Version} before.");
    }

    private void LookAtPeers()
    {
        IReadOnlyList<PeerConnection> connections = node.Connections();
        foreach (PeerConnection peer in connections)
        {
            Lasting(NodeAlarm.PeerUnreachable, peer is { IsConnected: false, IsFormer: false }, thresholds.PeerSilentMax, peer.Department,
                () => $"{peer.Department} at {peer.Endpoint}: {peer.LastError}");
            string complaint = node.Complaint(peer.Department);
            if (complaint.Length > 0 && _complaints.GetValueOrDefault(peer.Department) != complaint)
                board.Raise(NodeAlarm.PeerMisbehaved, $"{peer.Department} {complaint}.", peer.Department);
            _complaints[peer.Department] = complaint;
        }
        int here = (node.IsObserver ? 0 : 1) + connections.Count(
            c => c is { IsConnected: true, IsAwaited: false } && node.Validators.IndexOf(c.Department) >= 0);
        int quorum = node.Validators.QuorumSize, all = node.Validators.Count;
        // A node without a vote needs one to fetch from and to hand on to; a quorum it is no part of.
        Lasting(NodeAlarm.NoQuorum, node.IsObserver ? here == 0 : here < quorum, QuorumPatience, "",
            () => (node.IsObserver
                ? $"None of the {all} departments that vote is connected: this node has no vote, and nobody to hand on to what is submitted."
                : $"Only {here} of {all} departments are connected, and {quorum} are needed to record anything.")
                + Awaited(connections));
        string[] abstaining = [.. node.Validators.Members.Select(static v => v.Department).Where(d => !node.Abstention(d).IsNone)];
        board.Set(NodeAlarm.LedgerHalted, all - abstaining.Length < quorum, "", () =>
            $"{abstaining.Length} of {all} departments abstain ({string.Join(", ", abstaining)}), and {quorum} must vote to record anything: no "
            + "block can be made, so none of them comes to vote again. The ledger stands still and does not fork.");
    }

    private void LookAtLeaders()
    {
        IReadOnlyList<(string Department, string Because)> suspended = node.Suspended();
        foreach (Validator validator in node.Validators.Members)
        {
            string? because = suspended.FirstOrDefault(s => s.Department == validator.Department).Because;
            board.Set(NodeAlarm.LeaderSuspended, because is not null, validator.Department, () => because!);
        }
    }

    private static string Awaited(IReadOnlyList<PeerConnection> connections)
    {
        string[] awaited = [.. connections.Where(static c => c is { IsConnected: true, IsAwaited: true }).Select(static c => c.Department)];
        return awaited.Length == 0 ? ""
            : $" {string.Join(", ", awaited)}: connected under keys that the ledger here does not name yet.";
    }

    private void LookAtCertificate()
    {
        if (node.CertificateEnds() is not { } ends)
            return;
        double days = (ends - time.GetUtcNow()).TotalDays;
        board.Set(NodeAlarm.CertificateExpiring, days < thresholds.CertificateDaysMin, "", () => string.Create(
            CultureInfo.InvariantCulture, $"The certificate of the clients' listener ends at {ends:u}, in {days:F0} days. Peers are not concerned."));
    }

    private void LookAtDisk()
    {
        long now = time.GetTimestamp();
        if (_diskLooked != 0 && time.GetElapsedTime(_diskLooked, now) < DiskPeriod)
            return;
        _diskLooked = now;
        DiskFreeBytes = FreeOf(node.DataDirectory);
        board.Set(NodeAlarm.DiskLow, DiskFreeBytes < thresholds.DiskFreeBytesMin, "", () =>
            $"{DiskFreeBytes} bytes are free on the disk of {node.DataDirectory}; the threshold is {thresholds.DiskFreeBytesMin}.");
    }

    /// <summary>Raises once the condition has held for so long without a break.</summary>
    private void Lasting(NodeAlarm code, bool holds, TimeSpan patience, string subject, Func<string> text)
    {
        if (!holds)
        {
            _since.Remove((code, subject));
            board.Clear(code, subject);
            return;
        }
        long now = time.GetTimestamp();
        if (_since.TryAdd((code, subject), now) || time.GetElapsedTime(_since[(code, subject)], now) < patience)
            return;
        board.Raise(code, text(), subject);
    }

    private static string Seconds(TimeSpan span) => string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:F0} s");

    /// <summary>Not knowing is no alarm: the next write that fails says it.</summary>
    private static long FreeOf(string path)
    {
        try
        {
            return new DriveInfo(path).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return long.MaxValue;
        }
    }
}
