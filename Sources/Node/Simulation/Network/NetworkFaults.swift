// SPDX-License-Identifier: Apache-2.0

/// How badly clients and registry are connected: each number is a count of cases in a thousand.
public struct NetworkFaults: Sendable {
    /// The request never arrives.
    public var loseRequest = 0
    /// The connection ends inside the request's body.
    public var cutBody = 0
    /// The request is served, its answer does not come through.
    public var loseAnswer = 0
    /// The request is served while its client has long given up.
    public var outliveClient = 0
    /// Something on the way sends the request again, later.
    public var repeatRequest = 0
    /// The request waits while later ones overtake it.
    public var overtakeRequest = 0
    /// A time begins in which nothing comes through in one direction.
    public var beginPartition = 0
    /// The longest a message takes, in milliseconds.
    public var delayMilliseconds = 2

    /// A network without faults.
    public init() {}
}
