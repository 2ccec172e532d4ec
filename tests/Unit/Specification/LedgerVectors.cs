using Google.Protobuf;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using GovChain.Tests.Unit.Execution;

namespace GovChain.Tests.Unit.Specification;

/// <summary>A ledger of its own for each test, and transactions on it whose nonces and times are fixed.</summary>
public abstract class LedgerVectors
{
    private protected static readonly TestKey[] Validators = [.. Enumerable.Range(201, 4).Select(i => new TestKey(i))];

    private protected TestLedger Ledger { get; } = new();

    private protected VerifiedTransaction Make(TestKey signer, TransactionBody action, int nonce) =>
        Ledger.Verified(Envelope.Signed(Fixed(action, signer, nonce), signer));

    private protected TransactionBody Fixed(TransactionBody action, TestKey signer, int nonce)
    {
        TransactionBody body = Envelope.Body(
            Ledger.Genesis.ChainId, signer.Public, action, TestLedger.StartMs + 60_000);
        body.Nonce = ByteString.CopyFrom([.. new byte[15], (byte)nonce]);
        return body;
    }

    private protected static TransactionBody FullRegister()
    {
        TransactionBody action = Actions.Register("A-1", content: "{\"名称\":\"北京市\"}");
        action.Register.Reason = "first entry";
        action.Register.LegalBasis = "Act 7, section 3";
        action.Register.EffectiveDate = "2026-01-31";
        return action;
    }

    private protected TransactionBody Accusation() => Actions.Accuse(Ledger.Genesis.ChainId, Validators[1], 9);

    private protected TransactionBody Suspension() =>
        Actions.Suspend(Ledger.Genesis.ChainId, 9, 3, Validators[1..], prepared: 2);
}
