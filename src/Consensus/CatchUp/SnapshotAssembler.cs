using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Core.Verification;

namespace GovChain.Consensus;

/// <summary>How far the fetching of a snapshot is.</summary>
/// <param name="Height">The snapshot's height.</param>
/// <param name="Pages">Pages of the state tree that are here.</param>
/// <param name="Rows">State values that are here.</param>
/// <param name="RowsExpected">How many there are; 0 while the pages are not all here.</param>
/// <param name="Blocks">Blocks above the base that are here.</param>
public sealed record SnapshotProgress(ulong Height, ulong Pages, ulong Rows, ulong RowsExpected, ulong Blocks);

/// <summary>
/// Puts one snapshot together part by part (docs/PROTOCOL.md, "Snapshots"). A header under its certificate comes first, with
/// the changes of the validators that lead to those who certified it, and everything else is checked against it as it comes:
/// pages of the state tree against the hash in the page above, state values against the tree, the log's edge and each block's
/// leaves against log roots. Whoever sends what does not fit, or breaks an answer off, is named and not asked again; what came before
/// stays.
/// </summary>
/// <remarks>Used once, by one caller. No clock, no I/O: its questions are asked by whoever drives them.</remarks>
/// <param name="genesis">The ledger.</param>
/// <param name="known">Who certifies blocks, as far as this node's own ledger says.</param>
/// <param name="verifier">Checks certificates.</param>
/// <param name="sources">Whom to ask.</param>
/// <param name="assembly">Where checked parts go.</param>
/// <param name="height">The snapshot's height.</param>
public sealed partial class SnapshotAssembler(
    Genesis genesis, ValidatorHistory known, ISignatureVerifier verifier, SnapshotSources sources, ISnapshotAssembly assembly, ulong height)
{
    private readonly int _validators = known.Acting.Count; // sources below this number are theirs
    private ValidatorHistory _history = known;

    /// <summary>An answer ends with the row, page or change that makes it longer than this (<see cref="AnswerLength"/>).</summary>
    public int AnswerBytesMax { get; init; } = SnapshotAnswers.AnswerBytesMax;

    /// <summary>How long may be waited for all answers together, milliseconds: those who are honest let go of a snapshot then or later.</summary>
    public ulong WaitMaxMs { get; init; } = SnapshotRules.FetchMs;

    /// <summary>The newest protocol version that is executed here.</summary>
    public uint NewestVersion { get; init; } = ProtocolVersions.Newest;

    /// <summary>Told how far it is, after every part.</summary>
    public Action<SnapshotProgress> OnProgress { get; init; } = static _ => { };

    /// <summary>Whether a snapshot is worth fetching, once its head is known: the header, the base and about how many rows.
    /// </summary>
    public Func<BlockHeader, BlockHeader, ulong, bool> IsWorthwhile { get; init; } = static (_, _, _) => true;

    /// <summary>The snapshot's header, once it is known that the departments have certified it.</summary>
    public BlockHeader? Header { get; private set; }

    /// <summary>The departments have certified the snapshot's header.</summary>
    public bool IsProven => Header is not null;

    /// <summary>Why the assembly does not hold the snapshot; null where it does, once there are no more questions.</summary>
    public string? Failure { get; private set; }

    /// <summary>Asks for all of it, until it is there or <see cref="Failure"/> says why it is not.</summary>
    /// <exception cref="UnexecutableVersionException">While it is enumerated: the ledger has gone on to a protocol version that is not
    /// executed here, as the departments have certified.</exception>
    public IEnumerable<LedgerQuestion> Questions()
    {
        foreach (LedgerQuestion question in AskForAll())
            yield return question;
        if (Failure is not null)
            sources.LeaveUnconfirmed(Unconfirmed());
    }

    private IEnumerable<LedgerQuestion> AskForAll()
    {
        long waitedUs = 0;
        Func<IEnumerable<LedgerQuestion>>[] parts = [AskForHead, AskForPages, AskForRows, AskForBlocks];
        foreach (Func<IEnumerable<LedgerQuestion>> part in parts)
        {
            foreach (LedgerQuestion question in part())
            {
                if (waitedUs > (long)WaitMaxMs * 1_000)
                {
                    Failure = "it takes longer than anybody keeps it";
                    yield break;
                }
                yield return question;
                waitedUs += question.TookUs;
            }
            if (Failure is not null)
                yield break;
        }
    }

    private bool IsCertified(BlockHeader header, ByteString certificate) =>
        header.ChainId == genesis.ChainId && header.Epoch == _history.EpochAt(header.Height)
        && Certificate.TryRead(certificate.Span) is { } read
        && CertificateVerifier.Verify(header, read, _history.At(header.Height), verifier) == CertificateFailure.None;
}

