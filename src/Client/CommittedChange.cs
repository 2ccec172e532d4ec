using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Protos.V1;

namespace GovChain.Client;

/// <summary>A change that is on the ledger, as its receipt proves: made, or submitted for approval.</summary>
/// <param name="Record">The record.</param>
/// <param name="Version">The version that the change made, from 1 on; or will make, once it is approved.</param>
/// <param name="ApproveUntil">Null: the version is made. Otherwise it was submitted for approval, and nothing holds yet: it comes about when
/// another officer approves it before this time, UTC.</param>
/// <param name="TransactionId">The transaction's id.</param>
/// <param name="Position">Its index in the log.</param>
/// <param name="Height">The block's height.</param>
/// <param name="RecordedAt">The block's time, UTC.</param>
/// <param name="Department">For whom it was signed.</param>
/// <param name="OfficerId">By which officer.</param>
/// <param name="Receipt">The receipt file, to be kept: it proves all this to anybody who knows the chain id, offline.</param>
public sealed record CommittedChange(
    RecordKey Record, ulong Version, DateTimeOffset? ApproveUntil, Digest TransactionId, ulong Position, ulong Height, DateTimeOffset RecordedAt, string Department,
    string OfficerId, ReadOnlyMemory<byte> Receipt)
{
    /// <summary>What a verified receipt of a record's change says.</summary>
    internal static CommittedChange Of(ProvenTransaction proven, ReadOnlyMemory<byte> receipt)
    {
        RecordChange change = RecordActions.ChangeOf(proven.Transaction.Body)!;
        return new CommittedChange(
            new RecordKey(change.Record.Type, change.Record.Id), change.ExpectedVersion + 1,
            change.ApproveUntilMs == 0 ? null : TimeOf(change.ApproveUntilMs), proven.Transaction.Id, proven.Position, proven.Header.Height,
            TimeOf(proven.Header.TimestampMs), proven.Signer.Department, proven.Signer.OfficerId!, receipt);
    }

    private static DateTimeOffset TimeOf(ulong timestampMs) => DateTimeOffset.FromUnixTimeMilliseconds((long)timestampMs);
}
