using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Protos.V1;

namespace GovChain.Consensus;

/// <content>The blocks from the base up to the snapshot, whose ids and leaves execution needs.</content>
public sealed partial class SnapshotAssembler
{
    private (BlockHeader Header, int From)? _base;

    /// <summary>The state is here, and says what the base must be: whose base is another one costs an answer and a block.</summary>
    private IEnumerable<LedgerQuestion> AskForBlocks()
    {
        ulong horizonMs = StateValue.Decode<Parameters>(
            StateKey.Parameters, assembly.TryGetState(StateKey.Parameters) ?? []).ExpiryHorizonMs;
        while (_base is null || assembly.Log!.Header.Height < height)
        {
            foreach (LedgerQuestion question in _base is null ? AskForBase(horizonMs) : AskForBlocksAbove(_base.Value, horizonMs))
                yield return question;
            if (Failure is not null)
                yield break;
        }
        if (assembly.Log.Header.Hash != Header!.Hash)
            Failure = $"two blocks are certified at height {height}";
    }

    private IEnumerable<LedgerQuestion> AskForBase(ulong horizonMs)
    {
        foreach (LedgerQuestion question in sources.Ask(HeadRequest, Judge))
            yield return question;
        if (!sources.WasGiven)
            Failure = "nobody gives the header below the snapshot's blocks";

        string? Judge(SnapshotResponse answer, int source)
        {
            if (answer.Head is not { } head || ReadBase(head) is not { } below)
                return "sent a header below the snapshot's blocks that is not certified";
            if (!SnapshotRules.IsBelowHorizon(below, Header!.TimestampMs, horizonMs))
                return "sent a snapshot without all blocks whose transactions may be repeated";
            TileId[] ids = [.. SnapshotRules.EdgeOf(below.LogSizeAfter)];
            if (head.EdgeTiles.Count != ids.Length
                || ids.Where((id, i) => head.EdgeTiles[i].Length != LogTiles.WidthAt(id, below.LogSizeAfter) * Digest.Size).Any()
                || !assembly.Begin(genesis.Block.Header, below,
                    [.. ids.Select((id, i) => (id, head.EdgeTiles[i].ToByteArray())).Where(static t => t.Item2.Length > 0)]))
                return $"sent tiles that are not the edge of the log after block {below.Height}";
            _base = (below, source);
            return null;
        }
    }

    private IEnumerable<LedgerQuestion> AskForBlocksAbove((BlockHeader Header, int From) below, ulong horizonMs)
    {
        ILogEdge log = assembly.Log!;
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
        if (chain.Count > 0 && first == below.Header.Height + 1
            && SnapshotRules.IsBelowHorizon(chain[0].Header, Header!.TimestampMs, horizonMs))
        {
            sources.Lied(below.From, "sent a snapshot with more blocks than are needed");
            _base = null;
            yield break;
        }
        IReadOnlyList<SealedBlock> blocks = catchUp.SealUpTo(height, log, chain, out string? wrong);
        if (blocks.Count > 0)
            assembly.Put(blocks);
        if ((wrong ?? lie) is { } told)
            sources.Lied(sources.Blocks.Source, told);
        OnProgress(new SnapshotProgress(height, 0, _rows, _leaves, log.Header.Height - below.Header.Height));
    }
}
