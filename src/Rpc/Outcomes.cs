using GovChain.Protos.V1;

namespace GovChain.Rpc;

/// <summary>Makes the outcomes that <see cref="ILedgerGateway.SubmitAsync"/> gives. Ids are lower-case hex.</summary>
public static class Outcomes
{
    /// <summary>Durable on this node in a certified block.</summary>
    public static TransactionOutcome Committed(string transactionId, ulong height, ulong position) => new()
    {
        TransactionId = transactionId,
        Status = TransactionStatus.CommittedDurably,
        Height = height,
        Position = position,
    };

    /// <summary>In the pool, with the present obstacle where there is one.</summary>
    public static TransactionOutcome Pending(string transactionId, Rejection? obstacle = null) => new()
    {
        TransactionId = transactionId,
        Status = TransactionStatus.Pending,
        Rejection = obstacle,
    };

    /// <summary>Refused. The id is empty where the bytes are no transaction.</summary>
    public static TransactionOutcome Rejected(string transactionId, Rejection rejection) => new()
    {
        TransactionId = transactionId,
        Status = TransactionStatus.Rejected,
        Rejection = rejection,
    };

    /// <summary>A certified header's time has passed the expiry: it can never commit.</summary>
    public static TransactionOutcome Expired(string transactionId, Rejection rejection) => new()
    {
        TransactionId = transactionId,
        Status = TransactionStatus.Expired,
        Rejection = rejection,
    };

    /// <summary>The message of a rejection.</summary>
    public static Rejection ToMessage(Core.Model.Rejection rejection)
    {
        var message = new Rejection
        {
            Code = rejection.CodeName,
            Message = rejection.Message,
            Permanent = rejection.IsPermanent,
        };
        foreach ((string name, string value) in rejection.Facts)
            message.Facts[name] = value;
        return message;
    }
}
