using GovChain.Consensus;
using GovChain.Core.Execution;
using GovChain.Node.Configuration;
using GovChain.Node.Pool;
using GovChain.Node.Sync;
using GovChain.Storage;

namespace GovChain.Node;

/// <summary>The runtime's bounds.</summary>
internal sealed record NodeRuntimeOptions
{
    /// <summary>Transactions that wait for a block.</summary>
    public PoolOptions Pool { get; init; } = new();

    /// <summary>Envelopes that wait to be verified.</summary>
    public AdmissionOptions Admission { get; init; } = new();

    /// <summary>When to raise alarms.</summary>
    public AlarmThresholds Alarms { get; init; } = new();

    /// <summary>When the node was started, by the clock's time stamps: epochs and snapshots may have given it other runtimes before
    /// this one. Null: now.</summary>
    public long? Started { get; init; }

    /// <summary>When the certificate that clients see ends; null where there is none.</summary>
    public Func<DateTimeOffset?> CertificateEnds { get; init; } = static () => null;

    /// <summary>How fast the node audits its own directory, bytes a second; 0: not at all.</summary>
    public long SelfAuditBytesPerSecond { get; init; }

    /// <summary>From the end of one round of that audit to the next.</summary>
    public TimeSpan SelfAuditPause { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Blocks behind from which on a snapshot is fetched where that costs less; 0: never.</summary>
    public ulong SnapshotLag { get; init; } = (ulong)Settings.SnapshotLagBlocks.DefaultValue;

    /// <summary>The newest protocol version that this node executes.</summary>
    public uint NewestVersion { get; init; } = ProtocolVersions.Newest;

    /// <summary>From one root of the read log on the ledger to the next, where there are new entries; not below the ledger's own least time.
    /// </summary>
    public TimeSpan ReadRootEvery { get; init; } = TimeSpan.FromDays(1);

    /// <summary>The department whose node this is, where the ledger does not name the signer's key: an observer; null: that
    /// is an error.</summary>
    public string? Observer { get; init; }

    /// <summary>Envelopes that this department's clients submitted in the epoch before, and that wait for a block.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Waiting { get; init; } = [];

    /// <summary>What peers that were asked for blocks have shown. A process has one, for all its runtimes: who held an epoch up is asked last
    /// in the next.</summary>
    public BlockSources<PeerIdentity> Known { get; init; } = new();

    /// <summary>A damaged ledger whose sound blocks are taken before peers are asked; null: none.</summary>
    public LedgerSalvage? Salvage { get; init; }
}
