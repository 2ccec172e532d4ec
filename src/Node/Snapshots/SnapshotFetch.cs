using Google.Protobuf;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Protos.V1;
using GovChain.Storage;
using CertifiedBlock = GovChain.Consensus.CertifiedBlock;

namespace GovChain.Node.Snapshots;

/// <summary>
/// Fetches one snapshot part by part and puts a ledger together out of it (docs/PROTOCOL.md, "Snapshots"). A header under
/// its certificate comes first, with the changes of the validators that lead to those who certified it, and everything else
/// is checked against it as it comes: pages of the state tree against the hash in the page above, state values against the
/// tree, the log's edge and each block's leaves against log roots. Whoever sends what does not fit is named and not asked
/// again; what came before stays.
/// </summary>
/// <remarks>Used once, by one task.</remarks>
/// <param name="known">Who certifies blocks, as far as this node's own ledger says.</param>
internal sealed class SnapshotFetch(
    Genesis genesis, ValidatorHistory known, ISignatureVerifier verifier, SnapshotPeers peers, LedgerAssembly assembly, ulong height)
{
    private readonly List<FetchedRows> _ranges = [];
    private ValidatorHistory _history = known;
    private BlockHeader? _header;
    private BlockHeader _base = null!;
    private int _headFrom;
    private ulong _leaves;
    private ulong _rows;

    /// <summary>Told how far it is, after every part.</summary>
    public Action<SnapshotProgress> OnProgress { get; init; } = static _ => { };

    /// <summary>Whether a snapshot is worth fetching, once its head is known: the header, the base and about how many rows.
    /// </summary>
    public Func<BlockHeader, BlockHeader, ulong, bool> IsWorthwhile { get; init; } = static (_, _, _) => true;

    /// <summary>The departments have certified the snapshot's header.</summary>
    public bool IsProven => _header is not null;

    /// <summary>Fetches all of it. Null when the assembly holds it; otherwise why it does not.</summary>
    /// <exception cref="StorageException">The disk.</exception>
    public async Task<string?> RunAsync(CancellationToken cancellation)
    {
        if (await FetchHeadAsync(cancellation) is { } noHead)
            return noHead;
        BlockHeader header = _header!;
        return await FetchPagesAsync(header, cancellation) ?? await FetchRowsAsync(header, cancellation)
            ?? CheckHistory() ?? await FetchBlocksAsync(header, cancellation);
    }

    private async Task<string?> FetchHeadAsync(CancellationToken cancellation)
    {
        ulong rows = 0;
        while (_header is null) // with each answer at least one epoch more is known, and there are few
        {
            bool given = await peers.AskAsync(
                new SnapshotRequest { Height = height, Head = new SnapshotHeadWanted { FromEpoch = _history.Epoch } },
                (answer, validator) =>
                {
                    (rows, _headFrom) = (answer.Head?.StateRows ?? 0, validator);
                    ValidatorHistory before = _history;
                    string? lie = answer.Head is null ? "sent no head of a snapshot" : TakeHead(answer.Head);
                    if (lie is not null)
                        _history = before; // the next one is asked from the same epoch on
                    return lie;
                },
                among: null, cancellation);
            if (!given)
                return "nobody gives the head of the snapshot";
        }
        return IsWorthwhile(_header, _base, rows) ? null : "fetching the blocks costs less";
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
        TileId[] ids = [.. SnapshotServer.EdgeOf(below.LogSizeAfter)];
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

    /// <summary>The state, too, must name the departments that the headers have led to.</summary>
    private string? CheckHistory()
    {
        MembershipState? changes = assembly.TryGetState(StateKey.Membership) is { } bytes
            ? StateValue.Decode<MembershipState>(StateKey.Membership, bytes) : null;
        return _history.Agrees(changes) ? null : "the state names other departments than the headers";
    }

    /// <summary>The pages of the state tree from the root down, those deepest first, so that few wait.</summary>
    private async Task<string?> FetchPagesAsync(BlockHeader header, CancellationToken cancellation)
    {
        ulong pages = 0;
        var wanted = new List<(StatePageId Id, Digest Root)> { (StatePageId.Root, header.StateRoot) };
        while (wanted.Count > 0)
        {
            int count = Math.Min(wanted.Count, SnapshotServer.PagesMax);
            List<(StatePageId Id, Digest Root)> asked = wanted.GetRange(wanted.Count - count, count);
            var request = new StatePagesWanted();
            request.Keys.AddRange(asked.Select(static a => UnsafeByteOperations.UnsafeWrap(a.Id.ToKey())));
            var links = new List<StatePageLinks>();
            bool given = await peers.AskAsync(
                new SnapshotRequest { Height = height, Pages = request },
                (answer, _) => TakePages(asked, answer.Pages, links), among: null, cancellation);
            if (!given)
                return "nobody gives the pages of the state tree";
            wanted.RemoveRange(wanted.Count - count, count);
            wanted.AddRange(asked.Skip(links.Count));
            foreach (StatePageLinks page in links)
            {
                _leaves += (ulong)page.Leaves;
                wanted.AddRange(page.Children);
            }
            pages += (ulong)links.Count;
            OnProgress(new SnapshotProgress(height, pages, 0, 0, 0));
        }
        return null;
    }

    private string? TakePages(
        List<(StatePageId Id, Digest Root)> asked, IReadOnlyList<ByteString> pages, List<StatePageLinks> links)
    {
        links.Clear();
        if (pages.Count == 0 || pages.Count > asked.Count)
            return "sent no pages of the state tree, or too many";
        for (int i = 0; i < pages.Count; i++)
        {
            StatePageFailure failure = StateTree.ReadLinks(asked[i].Id, pages[i].Span, out StatePageLinks? page);
            if (failure != StatePageFailure.None || page!.Root != asked[i].Root)
                return $"sent a page of the state tree ({asked[i].Id}) that is not the snapshot's";
            links.Add(page);
        }
        assembly.Put(pages.Select((page, i) => (asked[i].Id, page.ToByteArray())));
        return null;
    }

    /// <summary>The state values in the order of their keys. That none was left out is known when all are here.</summary>
    private async Task<string?> FetchRowsAsync(BlockHeader header, CancellationToken cancellation)
    {
        byte[] after = [];
        while (_ranges.Count == 0 || !_ranges[^1].IsLast)
        {
            if (await FetchRowsAsync(header, after, among: null, cancellation) is not { } range)
                return "nobody gives the state values";
            _ranges.Add(range);
            after = range.To;
        }
        return _rows == _leaves || await FindOmittedAsync(header, cancellation) ? null : "state values are missing that nobody gives";
    }

    private async Task<FetchedRows?> FetchRowsAsync(
        BlockHeader header, byte[] after, Func<int, bool>? among, CancellationToken cancellation)
    {
        FetchedRows? range = null;
        bool given = await peers.AskAsync(
            new SnapshotRequest { Height = height, Rows = new StateRowsWanted { After = UnsafeByteOperations.UnsafeWrap(after) } },
            (answer, validator) => TakeRows(header, after, validator, answer, out range), among, cancellation);
        OnProgress(new SnapshotProgress(height, 0, _rows, _leaves, 0));
        return given ? range : null;
    }

    private string? TakeRows(
        BlockHeader header, byte[] after, int validator, SnapshotResponse answer, out FetchedRows? range)
    {
        range = null;
        var states = new List<StateChange>(answer.Rows.Count);
        byte[] last = after;
        foreach (StateRow row in answer.Rows)
        {
            if (row.Key.Length is 0 or > SnapshotServer.StateKeyBytesMax || row.Key.Span.SequenceCompareTo(last) <= 0)
                return "sent state values out of order";
            last = row.Key.ToByteArray();
            states.Add(new StateChange(new StateKey((StateKind)last[0], last.AsSpan(1)), row.Value.ToByteArray()));
        }
        if (states.Count == 0 && !answer.LastRows)
            return "sent no state values and says that there are more";
        // Right is what the tree holds already: putting it in changes nothing, up to the certified root.
        List<(Digest Key, Digest Value)> leaves = states.ConvertAll(static s => (s.Key.TreeKey, Sha256.Hash(s.Value)));
        leaves.Sort(static (a, b) => a.Key.CompareTo(b.Key));
        if (StateTree.Update(assembly, header.StateRoot, leaves).NewRoot != header.StateRoot)
            return "sent a state value that is not the snapshot's";
        // A range is asked for again only where something is missing in it.
        _rows += _ranges.Count > 0 && _ranges[^1].IsLast
            ? (ulong)states.Count(s => assembly.TryGetState(s.Key) is null) : (ulong)states.Count;
        assembly.Put(states);
        range = new FetchedRows(validator, after, last, answer.LastRows);
        return null;
    }

    /// <summary>Somebody left values out. Each range is asked of others until all are here; whose range then grew lied.
    /// </summary>
    private async Task<bool> FindOmittedAsync(BlockHeader header, CancellationToken cancellation)
    {
        var liars = new HashSet<int>();
        foreach (FetchedRows range in _ranges.ToArray())
        {
            ulong before = _rows;
            for (byte[] after = range.From; range.IsLast || after.AsSpan().SequenceCompareTo(range.To) < 0;)
            {
                FetchedRows? again = await FetchRowsAsync(
                    header, after, v => v != range.Validator && !liars.Contains(v), cancellation);
                if (again is null)
                    break;
                after = again.To;
                if (again.IsLast)
                    break;
            }
            if (_rows > before && liars.Add(range.Validator))
                peers.Lied(range.Validator, "left state values out of a snapshot");
            if (_rows == _leaves)
                return true;
        }
        return false;
    }

    /// <summary>The blocks from the base up to the snapshot, whose ids and leaves execution needs.</summary>
    private async Task<string?> FetchBlocksAsync(BlockHeader header, CancellationToken cancellation)
    {
        ulong horizonMs = StateValue.Decode<Parameters>(
            StateKey.Parameters, assembly.TryGetState(StateKey.Parameters) ?? []).ExpiryHorizonMs;
        if (!SnapshotServer.IsBelowHorizon(_base, header.TimestampMs, horizonMs))
        {
            peers.Lied(_headFrom, "sent a snapshot without all blocks whose transactions may be repeated");
            return "the snapshot has too few blocks";
        }
        LogTip log = assembly.Log!;
        while (log.Header.Height < height)
        {
            ulong first = log.Header.Height + 1;
            if (await peers.AskForBlocksAsync(first, cancellation) is not { } fetched)
                return $"nobody gives block {first}";
            var catchUp = new CatchUp(genesis.ChainId, _history.At(first), verifier);
            IReadOnlyList<CertifiedBlock> chain = catchUp.Believe(first, [.. fetched.Range.Blocks.Select(Sync.BlockSync.Read)], out string? lie);
            if (chain.Count > 0 && first == _base.Height + 1
                && SnapshotServer.IsBelowHorizon(chain[0].Header, header.TimestampMs, horizonMs))
            {
                peers.Lied(_headFrom, "sent a snapshot with more blocks than are needed");
                return "the snapshot begins too far below";
            }
            var blocks = new List<SealedBlock>();
            foreach (CertifiedBlock block in chain)
            {
                if (log.Header.Height == height)
                    break;
                if (catchUp.Seal(log.Header, log.Frontier, log, block, out string? wrong) is not { } good)
                {
                    lie = wrong;
                    break;
                }
                log.Advance(good);
                blocks.Add(good);
            }
            if (blocks.Count > 0)
                assembly.Put(blocks);
            if (lie is not null)
                peers.Lied(fetched.Source, lie);
            OnProgress(new SnapshotProgress(height, 0, _rows, _leaves, log.Header.Height - _base.Height));
        }
        return log.Header.Hash == header.Hash ? null : $"two blocks are certified at height {height}";
    }

    private sealed record FetchedRows(int Validator, byte[] From, byte[] To, bool IsLast);
}
