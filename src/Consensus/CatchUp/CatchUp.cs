using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Core.Verification;

namespace GovChain.Consensus;

/// <summary>A stored block as a peer sends it. Nothing of it is believed.</summary>
/// <param name="Header">The header's bytes.</param>
/// <param name="Certificate">The commit certificate's bytes.</param>
/// <param name="Envelopes">The transactions.</param>
public sealed record FetchedBlock(
    ReadOnlyMemory<byte> Header, ReadOnlyMemory<byte> Certificate, IReadOnlyList<ReadOnlyMemory<byte>> Envelopes);

/// <summary>A header that a quorum has certified, and envelopes that are said to be its transactions.</summary>
public sealed record CertifiedBlock(
    BlockHeader Header, Certificate Certificate, IReadOnlyList<ReadOnlyMemory<byte>> Envelopes);

/// <summary>
/// What catch-up decides (docs/PROTOCOL.md, "Catch-up"): whom to ask for blocks, what to believe of an answer, whom to
/// pass over for a while. No clock, no I/O, no waiting: whoever drives it asks, waits, executes and stores.
/// </summary>
/// <remarks>Belongs to one caller at a time.</remarks>
/// <param name="chainId">The ledger.</param>
/// <param name="validators">The set that certifies its blocks.</param>
/// <param name="verifier">Checks the certificates.</param>
/// <param name="known">What each that is asked has shown, also in epochs before; null: nobody was asked before.</param>
public sealed class CatchUp(Digest chainId, ValidatorSet validators, ISignatureVerifier verifier, Func<int, BlockSource>? known = null)
{
    /// <summary>Blocks asked for at once where they come in time (<see cref="BlockSource.Range"/>); an answer may be shorter.</summary>
    public const int RangeBlocks = 64;

    /// <summary>Blocks behind up to which a node counts as level: it takes submissions, and fills in what a snapshot spared it. The word of
    /// one alone moves nobody beyond.</summary>
    public const ulong LagMax = 16;

    /// <summary>How long a peer that failed, withheld or lied comes last, milliseconds.</summary>
    public const ulong PassedOverMs = 10_000;

    /// <summary>How long to wait when nobody had anything, or nothing but a lie, milliseconds.</summary>
    public const ulong PauseMs = 250;

    /// <summary>Whoever gave nothing after it let others wait for so long comes last, though it is no fault, microseconds.</summary>
    public const long LetWaitUs = 1_000_000;

    private readonly Func<int, BlockSource> _known = known ?? new BlockSources<int>().Of;
    private int _hint = -1;

    /// <summary>The height to reach.</summary>
    public ulong Target { get; private set; }

    /// <summary>Blocks are needed up to a height; <paramref name="hint"/> is the validator that showed it.</summary>
    public void Need(ulong upToHeight, int hint)
    {
        Target = Math.Max(Target, upToHeight);
        _hint = hint;
    }

    /// <summary>
    /// Whom to ask for the next range, one after the other: the validators by <see cref="ByPace"/>, then those without a vote
    /// likewise; those that failed lately last, and of these the one whose failure is longest ago first.
    /// </summary>
    /// <param name="connected">Who can be asked: validators by index, others by numbers from their count on.</param>
    /// <param name="nowMs">A clock that does not jump.</param>
    public IReadOnlyList<int> Sources(IEnumerable<int> connected, ulong nowMs) =>
        [.. ByPace(connected, nowMs).OrderBy(s => _known(s).PassedOverSince(nowMs)).ThenBy(s => s >= validators.Count)];

    /// <summary>The one that takes least time a block first (<see cref="Pace"/>); those not tried yet before all, and of them the one that
    /// showed the need.</summary>
    public IEnumerable<int> ByPace(IEnumerable<int> connected, ulong nowMs) =>
        connected.OrderBy(s => _known(s).PaceAt(nowMs)).ThenBy(s => s != _hint);

    /// <summary>The question for the next range, as long as comes from there in time.</summary>
    /// <param name="source">Whom to ask.</param>
    /// <param name="firstHeight">The first block.</param>
    public BlocksQuestion Ask(int source, ulong firstHeight) => new(source, firstHeight, _known(source).Range);

    /// <summary>Where the range begins that is fetched while this one is executed; null where nothing is needed after it.</summary>
    /// <param name="firstHeight">The first height of this one.</param>
    /// <param name="blocks">How many blocks were given.</param>
    public ulong? After(ulong firstHeight, int blocks)
    {
        ulong next = firstHeight + (ulong)blocks;
        return next <= Target ? next : null;
    }

    /// <summary>Whether a range that begins there is of use once the ledger has come to a height: where the one before was cut
    /// short, a block lacks between the two.</summary>
    public static bool Follows(ulong firstHeight, ulong tip) => firstHeight <= tip + 1;

    /// <summary>
    /// What an answer without blocks, or none, says of whoever was asked; null if it is no fault of its own that it has none.
    /// </summary>
    /// <param name="asked">The question, with what came.</param>
    /// <param name="complaint">Why it is passed over, or null.</param>
    /// <returns>Whether there are blocks to look at.</returns>
    public static bool HasBlocks(BlocksQuestion asked, out string? complaint)
    {
        complaint = null;
        if (asked.Answer is not { } answer)
            complaint = "did not answer a request for blocks";
        else if (answer.FirstHeight == asked.FirstHeight && answer.Blocks.Count > 0 && answer.Blocks.Count <= asked.Count)
            return true;
        else if (answer.TipHeight >= asked.FirstHeight && answer.WholeFrom <= asked.FirstHeight)
            complaint = "withholds blocks that it says it has";
        return false;
    }

    /// <summary>
    /// An answer has come, or none in time: how long it took counts, and whether any came, and whoever kept silent or withholds is passed
    /// over. So is, without a complaint, who has let others wait for a second and gave no block.
    /// </summary>
    /// <param name="asked">The question, with what came.</param>
    /// <param name="nowMs">A clock that does not jump.</param>
    /// <param name="complaint">Why it is passed over, or null.</param>
    /// <returns>Whether there are blocks to look at.</returns>
    public bool Take(BlocksQuestion asked, ulong nowMs, out string? complaint)
    {
        bool has = HasBlocks(asked, out complaint);
        BlockSource source = _known(asked.Source);
        if (has)
            source.Gave(asked, nowMs);
        else
            source.GaveNone(asked, nowMs);
        if (complaint is not null || (!has && asked.TookUs >= LetWaitUs))
            source.PassOver(nowMs);
        return has;
    }

    /// <summary>
    /// Its stream ended before the answer came, which is no fault: it may have been stopped. Who has let others wait for a second before
    /// that is passed over all the same, as any other that did not answer.
    /// </summary>
    /// <param name="asked">The question.</param>
    /// <param name="nowMs">A clock that does not jump.</param>
    public void Ended(BlocksQuestion asked, ulong nowMs)
    {
        BlockSource source = _known(asked.Source);
        source.GaveNone(asked, nowMs);
        if (asked.TookUs >= LetWaitUs)
            source.PassOver(nowMs);
    }

    /// <summary>
    /// The blocks from the beginning that follow one another, each header under its certificate, up to the end of the
    /// epoch. A height without a valid certificate is not believed, whoever says it.
    /// </summary>
    /// <param name="firstHeight">The height of the first block.</param>
    /// <param name="blocks">As they came.</param>
    /// <param name="complaint">What is wrong with the first one left out; null when none was.</param>
    public IReadOnlyList<CertifiedBlock> Believe(
        ulong firstHeight, IReadOnlyList<FetchedBlock> blocks, out string? complaint)
    {
        var believed = new List<CertifiedBlock>(blocks.Count);
        complaint = null;
        foreach (FetchedBlock block in blocks)
        {
            BlockHeader? parent = believed.Count > 0 ? believed[^1].Header : null;
            complaint = Judge(firstHeight + (ulong)believed.Count, parent, block, out CertifiedBlock? certified);
            if (certified is null)
                break;
            believed.Add(certified);
            // Who certifies what follows is known once this one is executed.
            if (certified.Header.NextValidatorSetHash != validators.Hash)
                break;
        }
        return believed;
    }

    /// <summary>
    /// Executes a certified block on the ledger. Null, with the complaint, if the envelopes are not the certified
    /// header's transactions, before any signature is verified. Transactions that are, and do not execute to its state, are a
    /// <see cref="DivergedException"/>: this node cannot follow the ledger.
    /// </summary>
    /// <param name="view">The ledger, whose tip is the block's parent.</param>
    /// <param name="block">The block.</param>
    /// <param name="verify">Verifies the transactions' signatures: null where one is wrong.</param>
    /// <param name="complaint">What is wrong with the body.</param>
    /// <param name="newest">The newest protocol version that is executed here.</param>
    /// <exception cref="UnexecutableVersionException">The block is of a later version, whoever sent it.</exception>
    public ExecutedBlock? Execute(
        ILedgerView view,
        CertifiedBlock block,
        Func<IReadOnlyList<Transaction>, VerifiedTransaction?[]> verify,
        out string? complaint,
        uint newest = ProtocolVersions.Newest)
    {
        ProtocolVersions.Require(view, newest);
        ulong height = block.Header.Height;
        if (Decode(block, out complaint) is not { } transactions)
            return null;
        Digest[] leaves = [.. transactions.Select(static t => t.LeafHash)];
        if (view.Frontier.Append(leaves).Root != block.Header.LogRoot)
        {
            complaint = NotTheCertified(block);
            return null;
        }
        VerifiedTransaction?[] verified = verify(transactions);
        if (Array.IndexOf(verified, null) >= 0)
        {
            complaint = $"sent an envelope in block {height} whose signature is wrong";
            return null;
        }
        ExecutedBlock? executed = BlockExecutor.Check(
            view, validators, block.Header, verified!, out BlockFailure? failure, newest);
        if (failure?.Kind == BlockFailureKind.StateRoot)
            throw new DivergedException(height, failure);
        complaint = executed is null ? $"{NotTheCertified(block)} ({failure})" : null;
        return executed;
    }

    /// <summary>
    /// Compares a certified block's leaves with the log that its header's root stands for, without executing it: what is
    /// stored of blocks at or below a snapshot. Null, with the complaint, if the envelopes are not its transactions.
    /// </summary>
    /// <param name="parent">The header before, to which the log belongs.</param>
    /// <param name="frontier">The log's right edge.</param>
    /// <param name="edge">Its growing tiles.</param>
    /// <param name="block">The block.</param>
    /// <param name="complaint">What is wrong with the body.</param>
    public SealedBlock? Seal(
        BlockHeader parent, LogFrontier frontier, ITileReader edge, CertifiedBlock block, out string? complaint)
    {
        if (Decode(block, out complaint) is not { } transactions)
            return null;
        SealedBlock? sealedBlock = SealedBlock.TrySeal(
            parent, frontier, edge, block.Header, block.Certificate, transactions, out BlockFailure? failure);
        complaint = sealedBlock is null ? $"{NotTheCertified(block)} ({failure})" : null;
        return sealedBlock;
    }

    /// <summary>Seals blocks one upon the other, up to a height or the first that does not fit.</summary>
    /// <param name="height">Where to stop.</param>
    /// <param name="log">What they follow; goes on with each.</param>
    /// <param name="chain">Certified blocks from the next height on.</param>
    /// <param name="complaint">What is wrong with the first that does not fit; null where all do.</param>
    public IReadOnlyList<SealedBlock> SealUpTo(ulong height, ILogEdge log, IReadOnlyList<CertifiedBlock> chain, out string? complaint)
    {
        complaint = null;
        var blocks = new List<SealedBlock>(chain.Count);
        foreach (CertifiedBlock block in chain)
        {
            if (log.Header.Height == height || Seal(log.Header, log.Frontier, log, block, out complaint) is not { } good)
                break;
            log.Advance(good);
            blocks.Add(good);
        }
        return blocks;
    }

    /// <summary>It failed, withheld or lied: for a while others are asked first.</summary>
    /// <returns>Whether others were asked first already: they had nothing, and to ask on at once is no use.</returns>
    public bool PassOver(int source, ulong nowMs)
    {
        bool wasLast = IsPassedOver(source, nowMs);
        _known(source).PassOver(nowMs);
        return wasLast;
    }

    /// <summary>Whether others are asked before it.</summary>
    public bool IsPassedOver(int source, ulong nowMs) => _known(source).PassedOverSince(nowMs) is not null;

    private static string NotTheCertified(CertifiedBlock block) =>
        $"sent a body of block {block.Header.Height} that is not the certified one";

    private List<Transaction>? Decode(CertifiedBlock block, out string? complaint)
    {
        complaint = null;
        if ((ulong)block.Envelopes.Count != block.Header.LogSizeAfter - block.Header.LogSizeBefore)
        {
            complaint = NotTheCertified(block);
            return null;
        }
        var transactions = new List<Transaction>(block.Envelopes.Count);
        foreach (DecodedEnvelope decoded in TransactionDecoder.DecodeAll(block.Envelopes, chainId))
        {
            if (decoded.Transaction is not { } transaction)
            {
                complaint = $"sent an envelope in block {block.Header.Height} that is no transaction";
                return null;
            }
            transactions.Add(transaction);
        }
        return transactions;
    }

    private string? Judge(ulong height, BlockHeader? parent, FetchedBlock block, out CertifiedBlock? certified)
    {
        certified = null;
        BlockHeader? header = BlockHeader.TryRead(block.Header.Span);
        Certificate? certificate = Certificate.TryRead(block.Certificate.Span);
        if (header is null || certificate is null)
            return $"sent a block {height} that cannot be read";
        if (header.Height != height || header.ChainId != chainId
            || (parent is not null && header.ParentHash != parent.Hash))
            return $"sent a block {height} that does not follow the one before";
        CertificateFailure failure = CertificateVerifier.Verify(header, certificate, validators, verifier);
        if (failure != CertificateFailure.None)
            return $"sent block {height} under a certificate that proves nothing ({failure})";
        certified = new CertifiedBlock(header, certificate, block.Envelopes);
        return null;
    }
}

/// <summary>A certified block's own transactions do not execute to its state here.</summary>
public sealed class DivergedException(ulong height, BlockFailure failure)
    : Exception($"Block {height} is certified by a quorum and holds these transactions, but executing it here does not give "
        + $"its state: {failure}.");
