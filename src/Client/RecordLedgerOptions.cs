using System.Security.Cryptography.X509Certificates;
using GovChain.Client.Keys;

namespace GovChain.Client;

/// <summary>What <see cref="RecordLedger"/> needs to know.</summary>
public sealed record RecordLedgerOptions
{
    /// <summary>
    /// The nodes' client addresses, https://HOST:PORT: the department's own first, then those to ask where it cannot be reached.
    /// </summary>
    public required IReadOnlyList<Uri> Nodes { get; init; }

    /// <summary>
    /// The ledger: the digest of its genesis, 64 hexadecimal digits. All that is verified hangs on it, so it must come from a source
    /// that is trusted, such as the department's own copy of the genesis file, and not from the node.
    /// </summary>
    public required string ChainId { get; init; }

    /// <summary>PEM file of the authorities that sign the nodes' certificates; null: the system's.</summary>
    public string? AuthorityFile { get; init; }

    /// <summary>The officer's key: a file (<see cref="KeyFile"/>), a token, or a signer of one's own. Null: only to read. Whoever made
    /// it disposes it.</summary>
    public ISigner? Signer { get; init; }

    /// <summary>
    /// Whose node each of <see cref="Nodes"/> is, department ids in the same order, from a source that is trusted: the signer's tokens count
    /// at that node alone. Null: records of types that are not public are not read, and of none it is proven that it is not there, but by
    /// <see cref="Certificate"/>.
    /// </summary>
    public IReadOnlyList<string>? NodeDepartments { get; init; }

    /// <summary>What a system reads by that has no officer's key at hand (<see cref="ReaderCertificate"/>); it needs neither
    /// <see cref="Signer"/> nor <see cref="NodeDepartments"/>. Null: none is shown. Whoever loaded it disposes it, after the ledger.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>How long to go on where no node answers or takes what is sent, counted from the first failure.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(1);
}
