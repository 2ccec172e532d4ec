using System.Net;
using GovChain.Core.Cryptography;
using Microsoft.Extensions.Logging;

namespace GovChain.Node.Configuration;

/// <summary>A node's settings, checked. Paths are absolute. docs/OPERATIONS.md documents the file.</summary>
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

    /// <summary>The validator key.</summary>
    public required string KeyFile { get; init; }

    /// <summary>Where the key's passphrase stands; null: GOVCHAIN_PASSPHRASE, else asked for.</summary>
    public string? PassphraseFile { get; init; }

    /// <summary>Where peers connect: mutual TLS.</summary>
    public required IPEndPoint PeerListen { get; init; }

    /// <summary>Addresses of peers that differ from what the genesis says, by department.</summary>
    public IReadOnlyDictionary<string, string> PeerEndpoints { get; init; } = new Dictionary<string, string>();

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
    public int PoolTransactionsMax { get; init; } = 50_000;

    /// <summary>Bytes of waiting transactions at most.</summary>
    public long PoolBytesMax { get; init; } = 64 * 1024 * 1024;

    /// <summary>Requests a second that one client address may make without an identity.</summary>
    public int AnonymousRequestsPerSecond { get; init; } = 1_000;

    /// <summary>The least serious messages that are logged.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Information;
}
