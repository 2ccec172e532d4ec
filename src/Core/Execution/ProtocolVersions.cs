using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Core.Execution;

/// <summary>
/// The versions of the protocol that this release executes, and what each has: the one table of it (docs/SPEC.md, "Protocol
/// versions"). Which of them holds is on the ledger, and never this release's to say.
/// </summary>
/// <remarks>Every ledger is replayed from its beginning, so a release executes all versions up to its newest.</remarks>
public static class ProtocolVersions
{
    /// <summary>The version of a ledger whose state names none.</summary>
    public const uint First = 1;

    /// <summary>The newest version that this release executes, and the one that new ledgers begin with.</summary>
    public const uint Newest = 2;

    /// <summary>From this version on a record's state names its transaction, so that nobody guesses what was hashed into the state tree.</summary>
    public const uint RecordsNameTheirTransaction = 2;

    /// <summary>From this version on a delegation ends when either of the two officers is enrolled anew.</summary>
    internal const uint DelegationsEndWithEnrolments = 2;

    /// <summary>From this version on the key of an administrator is valid without limits of time.</summary>
    internal const uint AdministratorsHaveNoEnd = 2;

    /// <summary>From this version on a record whose state is looked at because it is named is one that the signer's department may read.
    /// </summary>
    internal const uint NamedRecordsAreRead = 2;

    /// <summary>The version from which on an action is valid, by the action's number.</summary>
    public static uint Since(int action) => action switch
    {
        82 => 2, // the root of a read log
        _ => First,
    };

    /// <summary>What a ledger's newest state says: the version of the next block, and the one that is scheduled.</summary>
    /// <exception cref="CorruptStateException">The state is damaged.</exception>
    public static ProtocolState Of(ILedgerView view) => Of(StateValue.Read<ProtocolState>(view, StateKey.Protocol));

    /// <summary>Nothing of a block is looked at by the rules of another version than its own.</summary>
    /// <param name="view">The ledger before the block.</param>
    /// <param name="newest">The newest version that is executed here.</param>
    /// <exception cref="UnexecutableVersionException">The next block is of a later one.</exception>
    public static void Require(ILedgerView view, uint newest)
    {
        uint version = Of(view).Version;
        if (version > newest)
            throw new UnexecutableVersionException(view.Tip.Height + 1, version, newest);
    }

    internal static ProtocolState Of(ProtocolState? state) => state ?? new ProtocolState { Version = First };
}
