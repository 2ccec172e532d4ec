using GovChain.Core.Execution;
using GovChain.Core.Model;
using RecordState = GovChain.Protos.V1.RecordState;
using RecordTypeState = GovChain.Protos.V1.RecordTypeState;

namespace GovChain.Node.Pool;

/// <summary>What the door decides on the newest state, signatures apart. Pure.</summary>
internal static class AdmissionRules
{
    /// <summary>
    /// A client is refused whatever stands in the way, a gap before the version apart. Of a peer's, what may commit
    /// later is held: the peer may have a newer state.
    /// </summary>
    /// <param name="isOwn">It came from a client of this node.</param>
    /// <param name="rejection">What the rules say of it, or null.</param>
    public static bool Refuses(bool isOwn, Rejection? rejection) => rejection is not null
        && rejection.Code != RejectionCode.VersionAhead
        && (isOwn || rejection.IsPermanent
            // Clocks differ: the peer tells again when time has come.
            || rejection.Code is RejectionCode.ExpiryTooFar or RejectionCode.SignerNotYetValid);

    /// <summary>What to offer the pool of a transaction that is not refused.</summary>
    /// <param name="state">The newest state, nothing written over it.</param>
    /// <param name="entry">The transaction.</param>
    /// <param name="rejection">What the rules say of it on that state, or null.</param>
    public static PoolOffer Offer(StateOverlay state, PoolEntry entry, Rejection? rejection) => new(
        entry,
        entry.ObstacleIn(rejection),
        VersionOf(state, entry, rejection is null));

    /// <summary>Of what can commit now the target's version is the expected one, so nothing need be read.</summary>
    private static ulong VersionOf(StateOverlay state, PoolEntry entry, bool canCommit)
    {
        if (entry.Target is not { } target)
            return 0;
        if (canCommit)
            return target.ExpectedVersion;
        return target.Key.Kind == StateKind.Record
            ? state.Before<RecordState>(target.Key)?.Version ?? 0
            : state.Before<RecordTypeState>(target.Key)?.Version ?? 0;
    }
}
