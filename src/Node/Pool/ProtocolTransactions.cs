using GovChain.Client;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using Rejection = GovChain.Core.Model.Rejection;
using Transaction = GovChain.Core.Model.Transaction;

namespace GovChain.Node.Pool;

/// <summary>
/// What this department itself puts onto the ledger, signed by its validator key: it goes through the same door as what
/// its clients submit.
/// </summary>
/// <param name="factory">Signs with the validator key.</param>
/// <param name="self">This department.</param>
/// <param name="admission">The door.</param>
/// <param name="time">For the expiry.</param>
/// <param name="horizonMs">The ledger's expiry horizon, milliseconds.</param>
internal sealed class ProtocolTransactions(
    TransactionFactory factory, string self, Admission admission, TimeProvider time, ulong horizonMs)
{
    /// <summary>How long such a transaction may wait for a block, milliseconds: half the horizon at most, as clocks differ.
    /// </summary>
    public ulong ValidMs { get; } = Math.Min(5 * 60_000, horizonMs / 2);

    /// <summary>Signs an action and offers it; the answer is admission's: pending, or refused and why.</summary>
    public Task<SubmissionResult> SubmitAsync(Action<TransactionBody> setAction)
    {
        SignedEnvelope envelope = factory.Create(setAction, time.NowMs() + ValidMs);
        Transaction transaction = TransactionDecoder.TryDecode(envelope.Bytes, factory.ChainId, out Rejection? rejection)
            ?? throw new InvalidOperationException($"The node made a transaction of another form: {rejection!.Message}");
        var ticket = new SubmissionTicket(transaction.Id, untilFinal: false, time.GetUtcNow());
        admission.Submit(transaction, self, self, ticket);
        return ticket.Result;
    }
}
