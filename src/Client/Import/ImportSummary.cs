using GovChain.Core.Model;

namespace GovChain.Client.Import;

/// <summary>How an import stands.</summary>
internal readonly record struct ImportProgress(int Total, int Committed, int Refused, int InFlight);

/// <summary>How an import ended.</summary>
/// <param name="Committed">Events on the ledger, of this and of earlier runs.</param>
/// <param name="Registered">Of these, registrations.</param>
/// <param name="Amended">Of these, amendments.</param>
/// <param name="Annulled">Of these, annulments.</param>
/// <param name="Refused">Events that were refused, each with its reason.</param>
/// <param name="CommittedBefore">Of those on the ledger, the ones that an earlier run had brought there.</param>
internal sealed record ImportSummary(
    int Committed, int Registered, int Amended, int Annulled, IReadOnlyList<ImportResult> Refused, int CommittedBefore);

/// <summary>An event that was committed.</summary>
/// <param name="Event">The event.</param>
/// <param name="Envelope">What was signed for it.</param>
/// <param name="Height">Of its block.</param>
/// <param name="Position">In the log.</param>
/// <param name="Version">The version of the record that it made.</param>
internal sealed record ImportAcknowledgement(
    ImportEvent Event, SignedEnvelope Envelope, ulong Height, ulong Position, ulong Version);

/// <summary>How an import goes about it.</summary>
/// <param name="WindowEvents">Envelopes under way at once.</param>
/// <param name="Validity">How long a signed event may still commit.</param>
/// <param name="PatienceWithoutNode">How long to go on trying while the node cannot be reached.</param>
internal sealed record ImportOptions(int WindowEvents, TimeSpan Validity, TimeSpan PatienceWithoutNode)
{
    /// <summary>512 events, 30 minutes, 5 minutes.</summary>
    public static ImportOptions Default { get; } = new(512, TimeSpan.FromMinutes(30), TimeSpan.FromMinutes(5));
}
