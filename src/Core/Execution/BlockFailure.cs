using GovChain.Core.Model;

namespace GovChain.Core.Execution;

/// <summary>The first way in which a block deviates from what the ledger below it and its transactions give.</summary>
public enum BlockFailureKind
{
    /// <summary>Made for another ledger.</summary>
    ChainId = 1,

    /// <summary>Not the height after the newest.</summary>
    Height = 2,

    /// <summary>Does not follow the newest header.</summary>
    ParentHash = 3,

    /// <summary>Not this epoch.</summary>
    Epoch = 4,

    /// <summary>Not the departments that certify this block.</summary>
    ValidatorSetHash = 5,

    /// <summary>Not the departments that certify the next one.</summary>
    NextValidatorSetHash = 6,

    /// <summary>Not later than the parent.</summary>
    Timestamp = 7,

    /// <summary>No member of the validator set.</summary>
    Proposer = 8,

    /// <summary>Not the parameters that hold for this block.</summary>
    ParametersHash = 9,

    /// <summary>Does not begin where the log ends.</summary>
    LogSizeBefore = 10,

    /// <summary>Not the number of transactions given.</summary>
    LogSizeAfter = 11,

    /// <summary>No transaction: there are no empty blocks.</summary>
    Empty = 12,

    /// <summary>More transactions than the parameters allow.</summary>
    TooManyTransactions = 13,

    /// <summary>More bytes of envelopes than the parameters allow.</summary>
    TooManyBytes = 14,

    /// <summary>A transaction that may not stand where it stands.</summary>
    InvalidTransaction = 15,

    /// <summary>The log's root after the block.</summary>
    LogRoot = 16,

    /// <summary>The state's root after the block.</summary>
    StateRoot = 17,
}

/// <summary>Why a block is refused: the first deviation, with what was expected and what was found.</summary>
/// <param name="Kind">What deviates.</param>
/// <param name="Expected">What the ledger and the transactions give.</param>
/// <param name="Found">What the block says.</param>
/// <param name="TransactionIndex">The invalid transaction, from 0; -1 where none is concerned.</param>
/// <param name="Rejection">Why that transaction is invalid.</param>
public sealed record BlockFailure(
    BlockFailureKind Kind, string Expected, string Found, int TransactionIndex = -1, Rejection? Rejection = null)
{
    /// <summary>One line for logs and reports.</summary>
    public override string ToString() => Rejection is null
        ? $"{Kind}: expected {Expected}, found {Found}"
        : $"{Kind} {TransactionIndex}: {Rejection.CodeName}: {Rejection.Message}";
}
