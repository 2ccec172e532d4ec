namespace GovChain.Consensus;

/// <summary>
/// Whom a node follows that seems to be ahead in a later epoch, which nothing here can prove (docs/PROTOCOL.md, "Catch-up"):
/// what it has is fetched as long as there is more of it, up to the end of this epoch. No clock, no I/O, no waiting.
/// </summary>
/// <remarks>Belongs to one caller at a time, with <paramref name="catchUp"/>. One question at a time.</remarks>
/// <param name="catchUp">What is proven, whom to pass over and how fast each is.</param>
/// <param name="validators">Departments that vote here: sources below this number are theirs.</param>
public sealed class Following(CatchUp catchUp, int validators)
{
    private readonly ClaimedHeights _claims = new(validators);
    private readonly Dictionary<int, ulong> _ahead = [];
    private ulong _claim;
    private int _followed = -1;
    private ulong _credit;

    /// <summary>What is proven.</summary>
    public CatchUp CatchUp => catchUp;

    /// <summary>How far the ledger goes, as <see cref="ClaimedHeights"/> counts: by the word of f + 1, or of the one that is followed as long
    /// as it gives what it says it has; 0 where nobody's counts.</summary>
    public ulong Height => Math.Max(_credit, _claims.Credible);

    /// <summary>A source says that it is at a height.</summary>
    public void Say(int source, ulong height)
    {
        _claims.Say(source, height);
        Add(source, height);
    }

    /// <summary>A source says nothing by itself, and may know more.</summary>
    public void AskUnheard(int source) => Add(source, 0);

    /// <summary>
    /// The next question: to the one that takes least time a block, one not tried yet before all. Whoever lied or kept silent
    /// is not asked for a while, whatever it says meanwhile. Null where nobody is to be asked, or something proven is missing, which
    /// does not wait for what somebody says.
    /// </summary>
    /// <param name="connected">Who can be asked.</param>
    /// <param name="tip">The newest block here.</param>
    /// <param name="nowMs">A clock that does not jump.</param>
    public BlocksQuestion? Next(IEnumerable<int> connected, ulong tip, ulong nowMs)
    {
        if (tip < catchUp.Target)
            return null;
        foreach (int source in catchUp.ByPace(connected, nowMs))
        {
            if (!catchUp.IsPassedOver(source, nowMs) && _ahead.Remove(source, out _claim))
                return catchUp.Ask(source, tip + 1);
        }
        _ahead.Clear(); // who is ahead says so again
        _credit = 0;
        return null;
    }

    /// <summary>How far the one that was asked says the ledger goes.</summary>
    public ulong SaidBy(BlocksQuestion asked) => Math.Max(_claim, asked.Answer?.TipHeight ?? 0);

    /// <summary>An answer has come, or none in time: whoever gave nothing of what it said it has is passed over.</summary>
    /// <param name="asked">The question, with what came.</param>
    /// <param name="nowMs">A clock that does not jump.</param>
    /// <param name="complaint">Why it is passed over, or null.</param>
    /// <returns>Whether there are blocks to look at.</returns>
    public bool Take(BlocksQuestion asked, ulong nowMs, out string? complaint)
    {
        if (catchUp.Take(asked, nowMs, out complaint))
            return true;
        if (complaint is null && _claim >= asked.FirstHeight && asked.Answer!.TipHeight < asked.FirstHeight)
        {
            complaint = "has no blocks of those that it said it has";
            catchUp.PassOver(asked.Source, nowMs);
        }
        return false;
    }

    /// <summary>Its stream ended before the answer came: no fault, and its word counts no more (<see cref="CatchUp.Ended"/>).</summary>
    /// <param name="asked">The question.</param>
    /// <param name="nowMs">A clock that does not jump.</param>
    public void Ended(BlocksQuestion asked, ulong nowMs)
    {
        catchUp.Ended(asked, nowMs);
        if (asked.Source == _followed)
            _credit = 0;
    }

    /// <summary>What it gave is stored as far as it was right. It is listened to as long as it gives what it says it has.</summary>
    /// <param name="asked">The question.</param>
    /// <param name="tip">The newest block here now.</param>
    /// <param name="lied">Something was wrong with a block.</param>
    public void Stored(BlocksQuestion asked, ulong tip, bool lied)
    {
        bool brought = !lied && tip >= asked.FirstHeight;
        if (brought)
            Add(asked.Source, _claim);
        if (!brought && asked.Source != _followed)
            return;
        _followed = asked.Source;
        _credit = brought ? ClaimedHeights.Credit(SaidBy(asked), tip) : 0;
    }

    private void Add(int source, ulong height) =>
        _ahead[source] = Math.Max(height, _ahead.GetValueOrDefault(source));
}
