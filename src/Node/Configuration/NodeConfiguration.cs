using System.Net;
using GovChain.Core.Cryptography;
using GovChain.Node.Peers;
using GovChain.Node.Signatures;
using Microsoft.Extensions.Logging;

namespace GovChain.Node.Configuration;

/// <summary>A node's settings, checked. Paths are absolute. <see cref="Settings"/> describes the file.</summary>
internal sealed record NodeConfiguration
{
    /// <summary>The department whose node this is.</summary>
    public required string Department { get; init; }

    /// <summary>Where ledger, journal and tip live.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>The genesis file, signed by every department.</summary>
    public required string GenesisFile { get; init; }

    /// <summary>The genesis digest that the operator expects; null: whatever the file says.</summary>
    public Digest? ExpectedGenesisDigest { get; init; }

    /// <summary>The validator key: an absolute path of a file, or the PKCS#11 URI of a key in a token.</summary>
    public required string Key { get; init; }

    /// <summary>Where the key's passphrase, or its token's PIN, stands; null: GOVCHAIN_PASSPHRASE, else asked for.</summary>
    public string? PassphraseFile { get; init; }

    /// <summary>Where peers connect: mutual TLS.</summary>
    public required IPEndPoint PeerListen { get; init; }

    /// <summary>Addresses of peers that differ from what the genesis says, by department.</summary>
    public IReadOnlyDictionary<string, string> PeerEndpoints { get; init; } = new Dictionary<string, string>();

    /// <summary>What the node is started as.</summary>
    public NodeRole Role { get; init; }

    /// <summary>Nodes without a vote that may connect, by department.</summary>
    public IReadOnlyDictionary<string, ObserverAddress> Observers { get; init; } = new Dictionary<string, ObserverAddress>();

    /// <summary>The bounds towards peers.</summary>
    public required PeerNetworkOptions Peers { get; init; }

    /// <summary>Where clients connect: gRPC and JSON over TLS.</summary>
    public required IPEndPoint ClientListen { get; init; }

    /// <summary>PEM certificate (with its chain) of the client listener; null: issued by <see cref="AuthorityDirectory"/>.
    /// </summary>
    public string? CertificateFile { get; init; }

    /// <summary>PEM private key of that certificate.</summary>
    public string? CertificateKeyFile { get; init; }

    /// <summary>Where a certificate authority of govchain's own lives, made there where none is; null with a
    /// certificate file.</summary>
    public string? AuthorityDirectory { get; init; }

    /// <summary>Names and addresses that an issued certificate is valid for, besides localhost.</summary>
    public IReadOnlyList<string> CertificateNames { get; init; } = [];

    /// <summary>Where the operator's own machine connects: metrics, blocks, subscriptions, audits.</summary>
    public required IPEndPoint AdministrationListen { get; init; }

    /// <summary>Transactions waiting at most.</summary>
    public required int PoolTransactionsMax { get; init; }

    /// <summary>Bytes of waiting transactions at most.</summary>
    public required long PoolBytesMax { get; init; }

    /// <summary>Requests a second that one client address may make without an identity.</summary>
    public required int AnonymousRequestsPerSecond { get; init; }

    /// <summary>What clients may submit in one department's name, a second.</summary>
    public required int SubmissionsPerSecond { get; init; }

    /// <summary>The longest that a stop may take.</summary>
    public required TimeSpan StopTimeout { get; init; }

    /// <summary>Connections of all clients at a time.</summary>
    public required int ClientConnectionsMax { get; init; }

    /// <summary>Connections of one client address at a time.</summary>
    public required int ClientConnectionsPerAddress { get; init; }

    /// <summary>Single submissions of all clients that wait at a time.</summary>
    public required int ClientSubmissionsWaitingMax { get; init; }

    /// <summary>Streams of all clients at a time.</summary>
    public required int ClientStreamsMax { get; init; }

    /// <summary>The least serious messages that are logged.</summary>
    public required LogLevel LogLevel { get; init; }

    /// <summary>How log lines look.</summary>
    public required LogFormat LogFormat { get; init; }

    /// <summary>What verifies signatures.</summary>
    public required SignatureEngine SignatureEngine { get; init; }

    /// <summary>Blocks behind from which on a snapshot is fetched where that costs less; 0: never.</summary>
    public required long SnapshotLagBlocks { get; init; }

    /// <summary>How fast the node audits its own directory, bytes a second; 0: not at all.</summary>
    public required long SelfAuditBytesPerSecond { get; init; }

    /// <summary>When to raise alarms.</summary>
    public required AlarmThresholds Alarms { get; init; }

    /// <summary>Where traces go; null: nowhere.</summary>
    public Uri? OtlpEndpoint { get; init; }

    /// <summary>How they travel.</summary>
    public required OtlpProtocol OtlpProtocol { get; init; }

    /// <summary>Part of the submissions that are traced, 0 to 1.</summary>
    public required double TraceSamplingRatio { get; init; }
}

/// <summary>What an operator is warned of. The defaults are the configuration's.</summary>
internal sealed record AlarmThresholds
{
    /// <summary>Free bytes on the data directory's disk.</summary>
    public long DiskFreeBytesMin { get; init; } = Settings.DiskFreeBytesMin.DefaultValue;

    /// <summary>Days left of the clients' certificate.</summary>
    public int CertificateDaysMin { get; init; } = (int)Settings.CertificateDaysMin.DefaultValue;

    /// <summary>Mean time to make votes durable.</summary>
    public TimeSpan JournalSyncMax { get; init; } = TimeSpan.FromMilliseconds(Settings.JournalSyncMsMax.DefaultValue);

    /// <summary>How long a department may be without a connection.</summary>
    public TimeSpan PeerSilentMax { get; init; } = TimeSpan.FromMilliseconds(Settings.PeerSilentMsMax.DefaultValue);

    /// <summary>How long work may wait without a block.</summary>
    public TimeSpan StalledMax { get; init; } = TimeSpan.FromMilliseconds(Settings.StalledMsMax.DefaultValue);
}
