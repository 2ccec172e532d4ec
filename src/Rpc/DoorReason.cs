using Grpc.Core;

namespace GovChain.Rpc;

/// <summary>
/// Why a request ends before a service sees it. The name in upper snake case is ErrorInfo.reason: frozen, the list
/// only grows. docs/ERRORS.md has the table.
/// </summary>
internal enum DoorReason
{
    /// <summary>The body is not strict UTF-8 JSON, or is nested too deeply.</summary>
    MalformedJson,

    /// <summary>The body is JSON, but no object.</summary>
    NotAnObject,

    /// <summary>A name in body or query that the method does not have.</summary>
    UnknownField,

    /// <summary>A value given twice, in either spelling of its name.</summary>
    DuplicateField,

    /// <summary>A value that is not of its field's kind: letters where a number belongs.</summary>
    InvalidArgument,

    /// <summary>A body where none belongs.</summary>
    UnexpectedBody,

    /// <summary>A body above the limit.</summary>
    BodyTooLarge,

    /// <summary>A body that is not uncompressed application/json in UTF-8, or a gRPC call of another content type.</summary>
    UnsupportedMediaType,

    /// <summary>No such path, or not by this HTTP method.</summary>
    NoSuchPath,

    /// <summary>A gRPC message whose bytes are not the method's message.</summary>
    MalformedMessage,

    /// <summary>A gRPC message above the limit.</summary>
    MessageTooLarge,

    /// <summary>No such gRPC method, or a compressed message.</summary>
    Unimplemented,

    /// <summary>The body did not arrive in time.</summary>
    BodyTooSlow,

    /// <summary>The node's own deadline is over.</summary>
    RequestTimeout,

    /// <summary>A body that HTTP itself does not allow: a chunk without a size, too many trailers.</summary>
    MalformedBody,
}

/// <summary>What the reasons are as statuses.</summary>
internal static class DoorReasons
{
    /// <summary>The gRPC status.</summary>
    public static StatusCode StatusOf(DoorReason reason) => reason switch
    {
        DoorReason.NoSuchPath => StatusCode.NotFound,
        DoorReason.MessageTooLarge => StatusCode.ResourceExhausted,
        DoorReason.Unimplemented => StatusCode.Unimplemented,
        DoorReason.BodyTooSlow or DoorReason.RequestTimeout => StatusCode.DeadlineExceeded,
        _ => StatusCode.InvalidArgument,
    };

    /// <summary>The HTTP status, where HTTP has a better one than the gRPC status gives.</summary>
    public static int? HttpStatusOf(DoorReason reason) => reason switch
    {
        DoorReason.BodyTooLarge => 413,
        DoorReason.UnsupportedMediaType => 415,
        DoorReason.BodyTooSlow => 408,
        _ => null,
    };
}
