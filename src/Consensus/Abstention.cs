namespace GovChain.Consensus;

/// <summary>Why a node does not vote. The numbers stand in the journal and in messages: frozen.</summary>
public enum AbstainReason : byte
{
    /// <summary>It votes.</summary>
    None = 0,

    /// <summary>The journal is missing while the ledger is beyond genesis.</summary>
    JournalMissing = 1,

    /// <summary>The journal is damaged before its end, or holds records that cannot be read.</summary>
    JournalDamaged = 2,

    /// <summary>The newest mark is more than one height below the ledger: an old journal.</summary>
    JournalOlderThanLedger = 3,

    /// <summary>The journal knows of blocks that the ledger lacks.</summary>
    LedgerOlderThanJournal = 4,

    /// <summary>The ledger was restored from a copy or repaired.</summary>
    LedgerRestored = 5,

    /// <summary>Another validator holds a vote of this one that its journal lacks: wiped, or restored as a whole.</summary>
    Amnesia = 6,

    /// <summary>The journal holds votes of another validator of this epoch.</summary>
    JournalOfAnother = 7,
}

/// <summary>Whether a node votes, and if not, why and until when (docs/PROTOCOL.md, "Amnesia").</summary>
/// <param name="Reason">Why it does not; None when it votes.</param>
/// <param name="VotesAgainAt">The first height at which it votes again; 0 while too few others have answered to know it,
/// and for a node that votes.</param>
public readonly record struct Abstention(AbstainReason Reason, ulong VotesAgainAt = 0)
{
    /// <summary>
    /// A node votes again this far above the highest certified height that the others answer with. It may have stored one
    /// block more than any of them, and have voted on the next.
    /// </summary>
    public const ulong Heights = 3;

    /// <summary>Bytes in a message.</summary>
    internal const int Size = 1 + 8;

    /// <summary>The node votes.</summary>
    public bool IsNone => Reason == AbstainReason.None;

    /// <summary>It abstains and does not know yet until when.</summary>
    public bool IsOpen => !IsNone && VotesAgainAt == 0;

    /// <summary>The numbers are ones this software knows, and fit each other.</summary>
    internal bool IsKnown => Reason <= AbstainReason.JournalOfAnother && (!IsNone || VotesAgainAt == 0);

    /// <summary>It votes at this height.</summary>
    public bool AllowsAt(ulong height) => IsNone || (VotesAgainAt > 0 && height >= VotesAgainAt);

    /// <summary>That a node abstains, until when, and why; empty for a node that votes.</summary>
    public string Explain() => this switch
    {
        { IsNone: true } => "",
        { IsOpen: true } => $"This node follows and serves but does not vote. {Reason.Explain()} "
            + "From which block on it votes again it learns from the other departments.",
        _ => $"This node follows and serves but does not vote until block {VotesAgainAt}. {Reason.Explain()}",
    };
}

/// <summary>The reasons in words.</summary>
public static class AbstainReasons
{
    /// <summary>A reason in a sentence; empty for a node that votes.</summary>
    public static string Explain(this AbstainReason reason) => reason switch
    {
        AbstainReason.None => "",
        AbstainReason.JournalMissing =>
            "The vote journal is missing although the ledger has blocks: this node may have voted and forgotten it.",
        AbstainReason.JournalDamaged => "The vote journal is damaged: this node may have forgotten votes.",
        AbstainReason.JournalOlderThanLedger =>
            "The vote journal is older than the ledger, as after restoring an old copy: votes may be forgotten.",
        AbstainReason.LedgerOlderThanJournal =>
            "The ledger is older than the vote journal, as after restoring an old copy of it.",
        AbstainReason.LedgerRestored => "The ledger was restored or repaired: votes may be forgotten.",
        AbstainReason.Amnesia =>
            "Another department holds a vote of this node that its journal lacks: the data directory was wiped or put back.",
        AbstainReason.JournalOfAnother =>
            "The vote journal holds votes of another department: this data directory, or the journal in it, is that one's.",
        _ => reason.ToString(),
    };
}
