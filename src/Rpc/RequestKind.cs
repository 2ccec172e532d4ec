using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace GovChain.Rpc;

/// <summary>What a request costs, and so which bounds it has.</summary>
internal enum RequestKind
{
    /// <summary>Health, metrics, what has no endpoint: small answers at once.</summary>
    Other,

    /// <summary>A unary method of the ledger that reads.</summary>
    Read,

    /// <summary>One submission, which waits for its commit.</summary>
    Submit,

    /// <summary>Anything that lives on: submit, subscribe, watch health.</summary>
    Stream,
}

/// <summary>Tells the kinds apart.</summary>
internal static class RequestKinds
{
    /// <summary>The kind of a routed request.</summary>
    public static RequestKind KindOf(this HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>() is not { } grpc)
            return RequestKind.Other;
        if (grpc.Method.Type != MethodType.Unary)
            return RequestKind.Stream;
        if (grpc.ServiceType != typeof(LedgerService))
            return RequestKind.Other;
        return grpc.Method.Name == nameof(LedgerService.Submit) ? RequestKind.Submit : RequestKind.Read;
    }
}
