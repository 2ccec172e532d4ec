using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Protos.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Rpc;

/// <summary>
/// Lets those read records of types that are not public who may, and has each answer and each refusal written down before it is given.
/// docs/SPEC.md, "Read token" and "Readers".
/// </summary>
/// <remarks>
/// On the clients' listener by a token in the header Authorization, once, or else by the certificate that the connection has shown; on the
/// administration listener without either, as who is on that machine can read the disk. Safe from any thread.
/// </remarks>
internal sealed class ReaderDoor
{
    private const string Given = "GIVEN";
    private const string Scheme = "Bearer ";

    private readonly ILedgerGateway _gateway;
    private readonly TimeProvider _time;
    private readonly RpcOptions _options;
    private readonly TokenMemory _used = new();
    private readonly RefusalThrottle _throttle;

    /// <summary>Remembers what was used up before this process.</summary>
    public ReaderDoor(ILedgerGateway gateway, RpcOptions options, TimeProvider time)
    {
        (_gateway, _options, _time) = (gateway, options, time);
        _throttle = new RefusalThrottle(time);
        foreach (UsedToken token in gateway.UsedTokens)
            _used.Use(token.Id, token.Key, token.EndsAtMs, NowMs);
    }

    private ulong NowMs => (ulong)_time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Reads records of a type, if the caller may.</summary>
    /// <param name="type">The type of what is read.</param>
    /// <param name="context">The call.</param>
    /// <param name="record">The record; empty where a page of several is read.</param>
    /// <param name="read">Reads it.</param>
    /// <param name="page">The first and the last record on a page, for the log; null where one record is read.</param>
    /// <exception cref="LedgerRequestException">The caller may not; or the answer cannot be written down.</exception>
    /// <exception cref="StatusException">The token does not count.</exception>
    public T Read<T>(RecordTypeState type, ServerCallContext context, string record, Func<T> read, Func<T, (string First, string Last)>? page = null) =>
        type.PublicRead
            ? read()
            : Read(new Guarded(type.Type, $"Records of type {type.Type} are not public", officer => ReadRules.Check(type, officer)), context, record, read, page);

    /// <summary>
    /// Gives a proof that something is not there, to officers alone: it shows what stands beside that place, key and digest, and whoever may ask
    /// for any name finds one that leads beside whatever record he likes.
    /// </summary>
    /// <param name="kind">Of what kind it would be, for the log: the record's type, or another kind of state.</param>
    /// <param name="context">The call.</param>
    /// <param name="name">Its name, for the log.</param>
    /// <param name="proof">The proof.</param>
    /// <exception cref="LedgerRequestException">The answer cannot be written down.</exception>
    /// <exception cref="StatusException">The caller is no officer.</exception>
    public T GiveAbsence<T>(string kind, ServerCallContext context, string name, T proof) => Read(
        new Guarded(kind, "The proof that something is not there shows what stands beside it, which may not be public", static _ => null),
        context, name, () => proof, null);

    private T Read<T>(Guarded guarded, ServerCallContext context, string record, Func<T> read, Func<T, (string First, string Last)>? page)
    {
        bool local = context.GetHttpContext().NodeListener() == NodeListeners.Administration;
        var entry = new ReadEntry
        {
            TimeMs = NowMs,
            Listener = local ? "administration" : "clients",
            Method = context.Method[(context.Method.LastIndexOf('/') + 1)..],
            Type = guarded.Type,
            Record = record,
            Answer = Given,
        };
        T answer;
        try
        {
            if (!local)
                Admit(guarded, context.GetHttpContext(), ref entry);
            answer = read();
        }
        catch (Exception e) when (ReasonOf(e) is { } reason)
        {
            Log(entry with { Answer = reason });
            throw;
        }
        if (page?.Invoke(answer) is (string first, string last))
            entry = entry with { Record = first, Last = last == first ? "" : last };
        Log(entry);
        return answer;
    }

    private void Admit(Guarded guarded, HttpContext context, ref ReadEntry entry)
    {
        // A token is meant for this call, a certificate for whatever comes over the connection.
        OfficerInterval officer = context.Request.Headers.Authorization.Count == 0 && ShownCertificate.Of(context) is { } certificate
            ? AdmitBy(certificate, ref entry)
            : AdmitBy(TokenIn(context.Request, guarded), ref entry);
        if (guarded.Check(officer) is { } denial)
            throw LedgerRequestException.PermissionDenied(denial.Message, denial.Facts);
    }

    private OfficerInterval AdmitBy(ReadToken token, ref ReadEntry entry)
    {
        if (token.ChainId != _gateway.ChainId)
            throw Refused(TokenRefusal.TokenWrongChain, $"The token is for the ledger {token.ChainId}, this is {_gateway.ChainId}.");
        ReaderStanding standing = _gateway.Identify(token.SignatureCheck);
        if (standing.Officer is null)
            throw NotOfficer(standing.Rejection!);
        if (!standing.IsSigner)
            throw Refused(TokenRefusal.TokenSignatureInvalid, "The token's signature is not that of the key in it.");
        entry = Named(entry, standing.Officer, token.Signer);
        Require(token, token.Check(_gateway.Department, NowMs));
        if (standing.Rejection is { } rejection)
            throw NotOfficer(rejection);
        Use(token);
        entry = entry with { Token = token.Id.ToString(), TokenEndsMs = token.EndsAtMs };
        return standing.Officer;
    }

    private OfficerInterval AdmitBy(ShownCertificate certificate, ref ReadEntry entry)
    {
        ReaderStatement statement = certificate.Statement;
        if (statement.ChainId != _gateway.ChainId)
        {
            throw ShownCertificate.Refused(CertificateRefusal.CertificateWrongChain,
                $"The certificate is for the ledger {statement.ChainId}, this is {_gateway.ChainId}.");
        }
        ReaderStanding standing = _gateway.Identify(certificate.SignatureCheck);
        if (standing.Officer is null)
            throw ShownCertificate.NotOfficer(standing.Rejection!);
        if (!standing.IsSigner)
        {
            throw ShownCertificate.Refused(CertificateRefusal.CertificateSignatureInvalid,
                "The officer's key that the certificate names did not sign for the certificate's own key.");
        }
        entry = Named(entry, standing.Officer, statement.Signer) with { Certificate = certificate.Id.ToString() };
        certificate.RequireInTime(NowMs);
        return standing.Rejection is { } rejection ? throw ShownCertificate.NotOfficer(rejection) : standing.Officer;
    }

    /// <summary>From here on it is known who asks, whatever becomes of it.</summary>
    private static ReadEntry Named(ReadEntry entry, OfficerInterval officer, PublicKey key) =>
        entry with { Department = officer.Department, OfficerId = officer.OfficerId, Key = key.ToString() };

    private static ReadToken TokenIn(HttpRequest request, Guarded guarded)
    {
        if (request.Headers.Authorization is not [{ } value, ..] given)
        {
            throw Refused(TokenRefusal.TokenRequired,
                $"{guarded.Why}. Sign a token with an officer's key: --key KEY --node-of DEPARTMENT, or the client library's Reader; "
                + "or show a system's certificate: --certificate FILE.",
                ("type", guarded.Type));
        }
        bool isToken = given.Count == 1 && value.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase);
        return (isToken ? ReadToken.TryParse(value[Scheme.Length..]) : null)
            ?? throw Refused(TokenRefusal.TokenMalformed,
                "The header Authorization holds no token of this ledger's kind: Bearer, a space, and the token in base64url without padding, once.");
    }

    private void Require(ReadToken token, TokenRefusal? refusal)
    {
        string now = $"{NowMs}";
        switch (refusal)
        {
            case TokenRefusal.TokenWrongNode:
                throw Refused(TokenRefusal.TokenWrongNode,
                    $"The token is for the node of {token.Node}, and this is that of {_gateway.Department}. Sign one for this node.",
                    ("node", _gateway.Department), ("tokenNode", token.Node));
            case TokenRefusal.TokenNotYetValid:
                throw Refused(TokenRefusal.TokenNotYetValid,
                    "The token was issued later than it is by this node's clock. Set the clock of the machine that signs.",
                    ("issuedAtMs", $"{token.IssuedAtMs}"), ("nowMs", now));
            case TokenRefusal.TokenExpired:
                throw Expired(token, now);
        }
    }

    private void Use(ReadToken token)
    {
        switch (_used.Use(token.Id, token.Signer.ToString(), token.EndsAtMs, NowMs))
        {
            case TokenUse.Again:
                throw Refused(TokenRefusal.TokenReplayed, "The token was used before. Sign one for each call.");
            case TokenUse.Forgotten:
                throw Expired(token, $"{NowMs}");
            case TokenUse.NoRoom:
                throw LedgerRequestException.ResourceExhausted(
                    "As many tokens as this node remembers, or as many of this key, were used within their lifetime. Ask again later, or "
                    + "sign tokens of a shorter lifetime.", _options.RetryAfter);
        }
    }

    private void Log(ReadEntry entry)
    {
        if (entry.Token.Length > 0 || entry.Answer == Given || entry.Listener != "clients")
            _gateway.LogRead(entry);
        else if (_throttle.TryPass(entry.Key) is { } unwritten)
            _gateway.LogRead(entry with { Unwritten = unwritten });
    }

    private static string? ReasonOf(Exception e) => e switch
    {
        StatusException { Status: var status } => ErrorStatus.ReasonOf(status),
        LedgerRequestException request => ErrorStatus.NameOf(request.Code),
        _ => null,
    };

    private static StatusException NotOfficer(Rejection rejection) =>
        Refused(TokenRefusal.TokenSignerRefused, rejection.Message, [("ledger", rejection.CodeName), .. rejection.Facts]);

    private static StatusException Expired(ReadToken token, string now) => Refused(
        TokenRefusal.TokenExpired,
        "The token's lifetime is over by this node's clock. Sign a new one; if that is refused too, set the clock of the machine that signs.",
        ("endedAtMs", $"{token.EndsAtMs}"), ("nowMs", now));

    private static StatusException Refused(TokenRefusal refusal, string message, params IReadOnlyList<(string Name, string Value)> facts) =>
        new(ErrorStatus.Of(refusal, message, facts));

    /// <summary>What is not given to everybody.</summary>
    /// <param name="Type">The record type, or another kind of state, as the log has it.</param>
    /// <param name="Why">Why it is not, without a full stop.</param>
    /// <param name="Check">Why an officer may not have it; null where he may.</param>
    private readonly record struct Guarded(string Type, string Why, Func<OfficerInterval, Rejection?> Check);
}
