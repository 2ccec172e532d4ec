using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Protos.V1;

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
/// leaves against log roots. Whoever sends what does not fit is named and not asked again; what came before stays.
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
    private ValidatorHistory _history = known;
    private BlockHeader? _header;
    private BlockHeader _base = null!;
    private int _headFrom;

    /// <summary>Told how far it is, after every part.</summary>
    public Action<SnapshotProgress> OnProgress { get; init; } = static _ => { };

    /// <summary>Whether a snapshot is worth fetching, once its head is known: the header, the base and about how many rows.
    /// </summary>
    public Func<BlockHeader, BlockHeader, ulong, bool> IsWorthwhile { get; init; } = static (_, _, _) => true;

    /// <summary>The snapshot's header, once it is known that the departments have certified it.</summary>
    public BlockHeader? Header => _header;

    /// <summary>The departments have certified the snapshot's header.</summary>
    public bool IsProven => _header is not null;

    /// <summary>Why the assembly does not hold the snapshot; null where it does, once there are no more questions.</summary>
    public string? Failure { get; private set; }

    /// <summary>Asks for all of it, until it is there or <see cref="Failure"/> says why it is not.</summary>
    public IEnumerable<LedgerQuestion> Questions()
    {
        Func<IEnumerable<LedgerQuestion>>[] parts = [AskForHead, AskForPages, AskForRows, AskForBlocks];
        foreach (Func<IEnumerable<LedgerQuestion>> part in parts)
        {
            foreach (LedgerQuestion question in part())
                yield return question;
            if (Failure is not null)
                yield break;
        }
    }

    private IEnumerable<LedgerQuestion> AskForHead()
    {
        ulong rows = 0;
        while (_header is null) // with each answer at least one epoch more is known, and there are few
        {
            var request = new SnapshotRequest { Height = height, Head = new SnapshotHeadWanted { FromEpoch = _history.Epoch } };
            foreach (LedgerQuestion question in sources.Ask(request, Judge))
                yield return question;
            if (!sources.WasGiven)
            {
                Failure = "nobody gives the head of the snapshot";
                yield break;
            }
        }
        // How many rows there are is the one thing in a head that nothing proves yet: the word of so few as may lie must not
        // talk this node out of the snapshot.
        var dear = new HashSet<int>();
        int from = _headFrom;
        while (!IsWorthwhile(_header, _base, rows))
        {
            dear.Add(from);
            if (dear.Count > Quorum.Faulty(_history.Acting.Count))
            {
                Failure = "fetching the blocks costs less";
                yield break;
            }
            var request = new SnapshotRequest { Height = height, Head = new SnapshotHeadWanted { FromEpoch = _history.Epoch } };
            foreach (LedgerQuestion question in sources.Ask(request, JudgeRows, s => !dear.Contains(s)))
                yield return question;
            if (!sources.WasGiven)
                break;
        }

        string? JudgeRows(SnapshotResponse answer, int source)
        {
            (rows, from) = (answer.Head?.StateRows ?? 0, source);
            return answer.Head is null ? "sent no head of a snapshot" : null;
        }

        string? Judge(SnapshotResponse answer, int source)
        {
            (rows, _headFrom) = (answer.Head?.StateRows ?? 0, source);
            ValidatorHistory before = _history;
            string? lie = answer.Head is null ? "sent no head of a snapshot" : TakeHead(answer.Head);
            if (lie is not null)
                _history = before; // the next one is asked from the same epoch on
            return lie;
        }
    }

    private string? TakeHead(SnapshotHead head)
    {
        if (TakeEpochs(head.Epochs) is { } lie)
            return lie;
        if (BlockHeader.TryRead(head.Header.Span) is not { } header || header.Height != height)
            return "sent a snapshot's header that cannot be read, or of another height";
        // The set that certifies what follows must be known, too.
        if (_history.Epoch < header.NextEpoch && head.Epochs.Count > 0)
            return null; // the rest of the epochs comes with the next answer
        if (_history.Epoch != header.NextEpoch || _history.Acting.Hash != header.NextValidatorSetHash)
            return "sent a snapshot of an epoch that the changes of the validators do not lead to";
        if (!IsCertified(header, head.Certificate))
            return $"sent a snapshot's header {height} that is not certified";
        if (BlockHeader.TryRead(head.BaseHeader.Span) is not { } below || below.Height >= height
            || !(below.Height == 0 ? below.Hash == genesis.Block.Header.Hash : IsCertified(below, head.BaseCertificate)))
            return "sent a header below the snapshot's blocks that is not certified";
        TileId[] ids = [.. SnapshotRules.EdgeOf(below.LogSizeAfter)];
        if (head.EdgeTiles.Count != ids.Length
            || ids.Where((id, i) => head.EdgeTiles[i].Length != LogTiles.WidthAt(id, below.LogSizeAfter) * Digest.Size).Any()
            || !assembly.Begin(genesis.Block.Header, below,
                [.. ids.Select((id, i) => (id, head.EdgeTiles[i].ToByteArray())).Where(static t => t.Item2.Length > 0)]))
            return $"sent tiles that are not the edge of the log after block {below.Height}";
        (_header, _base) = (header, below);
        return null;
    }

    /// <summary>Follows the changes of the validators on from the last one known.</summary>
    private string? TakeEpochs(IReadOnlyList<SnapshotEpoch> epochs)
    {
        if ((ulong)epochs.Count + _history.Epoch > Limits.MembershipChangesMax)
            return "sent more changes of the validators than a ledger holds";
        var ends = new List<EpochEnd>(epochs.Count);
        foreach (SnapshotEpoch epoch in epochs)
        {
            PublicKey? key = null;
            if (BlockHeader.TryRead(epoch.Header.Span) is not { } header || Certificate.TryRead(epoch.Certificate.Span) is not { } certificate
                || (!epoch.NewKey.IsEmpty && !PublicKey.TryParse(epoch.NewKey.Span, out key)))
                return "sent a change of the validators that cannot be read";
            if (header.Height > height)
                return "sent a change of the validators after the snapshot";
            ends.Add(new EpochEnd(new Core.Verification.CertifiedBlock(header, certificate), epoch.Department, key));
        }
        if (EpochChain.Follow(genesis.ChainId, _history, ends, verifier, out string? problem) is not { } history)
            return $"sent a change of the validators that is not certified ({problem})";
        _history = history;
        return null;
    }

    private bool IsCertified(BlockHeader header, ByteString certificate) =>
        header.ChainId == genesis.ChainId && header.Epoch == _history.EpochAt(header.Height)
        && Certificate.TryRead(certificate.Span) is { } read
        && CertificateVerifier.Verify(header, read, _history.At(header.Height), verifier) == CertificateFailure.None;

    /// <summary>The blocks from the base up to the snapshot, whose ids and leaves execution needs.</summary>
    private IEnumerable<LedgerQuestion> AskForBlocks()
    {
        BlockHeader header = _header!;
        ulong horizonMs = StateValue.Decode<Parameters>(
            StateKey.Parameters, assembly.TryGetState(StateKey.Parameters) ?? []).ExpiryHorizonMs;
        if (!SnapshotRules.IsBelowHorizon(_base, header.TimestampMs, horizonMs))
        {
            sources.Lied(_headFrom, "sent a snapshot without all blocks whose transactions may be repeated");
            Failure = "the snapshot has too few blocks";
            yield break;
        }
        ILogEdge log = assembly.Log!;
        while (log.Header.Height < height)
        {
            ulong first = log.Header.Height + 1;
            foreach (LedgerQuestion question in sources.AskForBlocks(first))
                yield return question;
            if (!sources.WasGiven)
            {
                Failure = $"nobody gives block {first}";
                yield break;
            }
            var catchUp = new CatchUp(genesis.ChainId, _history.At(first), verifier);
            IReadOnlyList<CertifiedBlock> chain = catchUp.Believe(first, sources.Blocks.Blocks, out string? lie);
            if (chain.Count > 0 && first == _base.Height + 1
                && SnapshotRules.IsBelowHorizon(chain[0].Header, header.TimestampMs, horizonMs))
            {
                sources.Lied(_headFrom, "sent a snapshot with more blocks than are needed");
                Failure = "the snapshot begins too far below";
                yield break;
            }
            IReadOnlyList<SealedBlock> blocks = catchUp.SealUpTo(height, log, chain, out string? wrong);
            if (blocks.Count > 0)
                assembly.Put(blocks);
            if ((wrong ?? lie) is { } told)
                sources.Lied(sources.Blocks.Source, told);
            OnProgress(new SnapshotProgress(height, 0, _rows, _leaves, log.Header.Height - _base.Height));
        }
        if (log.Header.Hash != header.Hash)
            Failure = $"two blocks are certified at height {height}";
    }
}
